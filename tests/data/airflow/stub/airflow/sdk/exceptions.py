"""The two exceptions that decide whether a task is retried."""


class AirflowException(Exception):
    pass


class AirflowFailException(AirflowException):
    pass
