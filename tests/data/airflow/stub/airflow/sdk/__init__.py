"""The decorators of the task SDK, without a scheduler: a task is the function itself."""

tasks = {}


def task(**_options):
    def register(function):
        tasks[function.__name__] = function
        return lambda *_arguments: None

    return register


def dag(**_options):
    return lambda function: function
