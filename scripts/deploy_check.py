#!/usr/bin/env python3
"""Renders the Kubernetes manifests of deploy/ and validates them.

Usage: deploy_check.py [DOCMILL]. With `kubectl` the Kustomize folders are rendered, with the package
`helm-python-sdk` (Helm's own Go code) the chart; every object is validated with `kubernetes-validate`, strictly,
by the schemas of Kubernetes that it bundles. Then it checks what no schema knows: that both say the same, that a pod
has time to end, and, with the program, that its arguments and the manifest are accepted. Prints a line
`skipped: NEED` for what is missing; the exit code is 77 if nothing could be validated.
"""

import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

try:
    import yaml
except ImportError:
    print("skipped: pyyaml")
    sys.exit(77)

DEPLOY = pathlib.Path(__file__).resolve().parent.parent / "deploy"
KUSTOMIZE = ("nightly", "shards", "merge")
# What outlives all jobs is in a folder of its own.
VOLUMES = "volumes"
# The longest name that a release may have, and that of a CronJob.
LONGEST_RELEASE, LONGEST_CRON_JOB = 53, 52
CHART = {
    "nightly": {},
    "shards": {"nightly": {"enabled": False}, "shards": {"enabled": True, "count": 8, "parallelism": 8}},
    "merge": {"nightly": {"enabled": False}, "shards": {"count": 8}, "merge": {"enabled": True}},
}
# Exit codes of docmill that no retry can help; README.md has the table.
FINAL = [1, 2, 3, 4, 5, 7]


def validator():
    """Validates an object by the newest schemas of Kubernetes; None without the package."""
    try:
        import kubernetes_validate
    except ImportError:
        return None
    version = kubernetes_validate.latest_version()

    def validate(thing):
        kubernetes_validate.validate(thing, version, strict=True)

    validate.version = version
    return validate


def output_of(command):
    """What a program prints; ends this one with its errors if it fails."""
    ended = subprocess.run(command, capture_output=True, text=True)
    if ended.returncode != 0:
        sys.exit(f"{' '.join(command)}: exit code {ended.returncode}\n{ended.stderr}")
    return ended.stdout


def kustomized(name):
    command = ["kubectl", "kustomize", str(DEPLOY / "kustomize" / name)]
    text = output_of(command)
    return [thing for thing in yaml.safe_load_all(text) if thing]


def charted(values, release="docmill"):
    import helm_python

    with helm_python.Chart.load(str(DEPLOY / "helm" / "docmill")) as chart:
        texts = chart.render(values, name=release, namespace="default")
    return [thing for text in texts.values() for thing in yaml.safe_load_all(text) if thing]


def pod_of(thing):
    spec = thing["spec"]["jobTemplate"]["spec"] if thing["kind"] == "CronJob" else thing["spec"]
    return spec, spec["template"]["spec"]


def check_job(thing, docmill, manifest):
    """What no schema knows."""
    spec, pod = pod_of(thing)
    container = pod["containers"][0]
    security = {**pod["securityContext"], **container["securityContext"]}
    assert security["runAsNonRoot"] and security["readOnlyRootFilesystem"], security
    assert security["capabilities"] == {"drop": ["ALL"]} and not security["allowPrivilegeEscalation"], security
    assert pod["automountServiceAccountToken"] is False and pod["restartPolicy"] == "Never"
    assert re.search(r":[\w.]+$", container["image"]), container["image"]
    rules = spec["podFailurePolicy"]["rules"]
    final = sorted(code for rule in rules for code in rule.get("onExitCodes", {}).get("values", []))
    assert final == FINAL, f"{final}: all other codes are retried"
    assert rules[0] == {"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget"}]}
    assert spec["podReplacementPolicy"] == "Failed", "a store has one user"
    arguments = container["args"]
    if "--grace" in arguments:
        grace = int(arguments[arguments.index("--grace") + 1].removesuffix("s"))
        assert pod["terminationGracePeriodSeconds"] > grace + 2, "docmill ends two seconds after its grace period"
    if spec.get("completionMode") == "Indexed":
        shards = {entry["name"]: entry["value"] for entry in container["env"]}["DOCMILL_SHARDS"]
        assert int(shards) == spec["completions"] and "--shard" in arguments
    mounts = {mount["mountPath"] for mount in container["volumeMounts"]}
    named = [volume["name"] for volume in pod["volumes"]]
    assert sorted(mount["name"] for mount in container["volumeMounts"]) == sorted(named)
    paths = re.findall(r"(?m)(?:^|[ {])(?:folder|parquet|report|store|api_key_file): (/[\w./-]+)", manifest)
    if arguments[0] == "merge":
        paths = [path for path in paths if not path.startswith("/run/")]
    assert len(paths) >= 4, paths  # the manifest is there
    for path in paths + [word for word in arguments if word.startswith("/") and word != "/dev/termination-log"]:
        assert any(path.startswith(f"{mount}/") for mount in mounts), f"{path} is on no volume"
    if docmill:
        check_arguments(docmill, arguments)


def check_arguments(docmill, arguments):
    """The program knows the arguments: it complains about the missing manifest only."""
    words = [word for word in arguments if word != "/dev/termination-log"]
    words = [word for at, word in enumerate(words) if word != "--summary"]
    environment = {"JOB_COMPLETION_INDEX": "0", "DOCMILL_SHARDS": "8"}
    ended = subprocess.run([docmill, *words], capture_output=True, text=True, env=environment)
    assert ended.returncode == 2 and "/etc/docmill/job.yaml" in ended.stderr, f"{arguments}: {ended.stderr}"
    assert "unexpected argument" not in ended.stderr and "unrecognized subcommand" not in ended.stderr, ended.stderr


def check_manifest(docmill, manifest):
    """The program accepts the manifest, with paths of this machine."""
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        for path in re.findall(r"(/(?:data|state|run)/[\w./-]+)", manifest):
            (root / path[1:]).parent.mkdir(parents=True, exist_ok=True)
        (root / "data/pages").mkdir()
        shutil.copy(DEPLOY.parent / "sample_data/pages/mail/letter-001.jpg", root / "data/pages")
        (root / "run/docmill/provider/api-key").write_text("key")
        text = re.sub(r" (/(?:data|state|run)/)", rf" {folder}\1", manifest)
        (root / "job.yaml").write_text(text)
        output_of([docmill, "plan", str(root / "job.yaml")])


def main():
    docmill = sys.argv[1] if len(sys.argv) > 1 else None
    validate = validator()
    rendered, volumes = {}, []
    if validate is None:
        print("skipped: kubernetes-validate")
    if shutil.which("kubectl"):
        rendered["kustomize"] = {name: kustomized(name) for name in KUSTOMIZE}
        volumes = kustomized(VOLUMES)
    else:
        print("skipped: kubectl")
    try:
        rendered["helm"] = {name: charted(values) for name, values in CHART.items()}
    except ImportError:
        print("skipped: helm-python-sdk")
    if validate is None or not rendered:
        sys.exit(77)
    for thing in volumes:
        validate(thing)
    for tool, folders in rendered.items():
        for name, things in folders.items():
            for thing in things:
                validate(thing)
            manifests = [thing["data"]["job.yaml"] for thing in things if thing["kind"] == "ConfigMap"]
            jobs = [thing for thing in things if thing["kind"] in ("Job", "CronJob")]
            assert len(manifests) == len(jobs) == 1, name
            check_job(jobs[0], docmill, manifests[0])
            if docmill:
                check_manifest(docmill, manifests[0])
            claims = {thing["metadata"]["name"] for thing in things if thing["kind"] == "PersistentVolumeClaim"}
            if tool == "kustomize":
                assert not claims, f"{name}: deleting this folder would delete volumes"
                claims = {thing["metadata"]["name"] for thing in volumes}
            used = {volume["persistentVolumeClaim"]["claimName"] for volume in pod_of(jobs[0])[1]["volumes"] if "persistentVolumeClaim" in volume}
            assert used == claims, f"{name}: {used} are used, {claims} exist"
        print(f"{tool}: {sum(map(len, folders.values()))} objects are valid in Kubernetes {validate.version}")
    if len(rendered) == 2:
        check_same(rendered)
    if "helm" in rendered:
        check_names()
        check_variables(docmill)
        check_values(validate)
    print("deploy/: what is rendered is consistent" + ("" if docmill else " (not checked with the program)"))


def check_names():
    """Names of releases that differ at their end only give objects with different names that are short enough."""
    found = set()
    for last in "ab":
        release = "r" * (LONGEST_RELEASE - 1) + last
        things = [thing for values in CHART.values() for thing in charted(values, release)]
        for thing in things:
            name = thing["metadata"]["name"]
            assert len(name) <= (LONGEST_CRON_JOB if thing["kind"] == "CronJob" else 63), name
        found.add(things[0]["metadata"]["name"])
    assert len(found) == 2, found


def check_variables(docmill):
    """Every command of docmill gets the variables of the manifest."""
    variables = {"date": "2026-11-23", "AREA": 'a="b", {{ c }}: #'}
    words = ["--var", f"AREA={variables['AREA']}", "--var", "date=2026-11-23"]
    for name, values in CHART.items():
        things = charted({**values, "vars": variables})
        job = next(thing for thing in things if thing["kind"] in ("Job", "CronJob"))
        arguments = pod_of(job)[1]["containers"][0]["args"]
        at = arguments.index("--var")
        assert arguments[at : at + 4] == words and arguments.count("--var") == 2, f"{name}: {arguments}"
        if docmill:
            check_arguments(docmill, arguments)
    assert is_refused({**CHART["merge"], "arguments": ["--var", "date=2026-11-23"]}), "the merge would not get it"
    for wrong in ({"1": "a"}, {"a=b": "c"}, {"date": 20261123}):
        assert is_refused({"vars": wrong}), wrong


def check_values(validate):
    """Values that YAML would read as something else stay what they are."""
    words = ("123", "yes", "null", "1e3", "2026-11-23")
    digest = "sha256:" + "0123456789abcdef" * 4
    for word in words:
        volume = {"storageClassName": word, "size": "5e9"}
        values = {
            "image": {"repository": "registry:5000/docmill", "tag": "1.0", "digest": digest},
            "providerSecret": word,
            "volumes": {"data": volume, "state": {"existingClaim": word}},
            "nightly": {"timeZone": ""},
            "terminationGracePeriodSeconds": 3_000_000,
            "retries": 2_000_000,
        }
        things = charted(values, word)
        for thing in things:
            validate(thing)
        found = {thing["kind"]: thing for thing in things}
        spec, pod = pod_of(found["CronJob"])
        assert found["ServiceAccount"]["metadata"]["name"] == pod["serviceAccountName"] == word
        assert found["PersistentVolumeClaim"]["spec"]["storageClassName"] == word
        volumes = {volume["name"]: volume for volume in pod["volumes"]}
        assert volumes["provider"]["secret"]["secretName"] == word
        assert volumes["state"]["persistentVolumeClaim"]["claimName"] == word
        assert (pod["terminationGracePeriodSeconds"], spec["backoffLimit"]) == (3_000_000, 2_000_000)
        assert pod["containers"][0]["image"] == f"registry:5000/docmill@{digest}"
        assert "timeZone" not in found["CronJob"]["spec"], "an empty one is not valid"
    things = charted({"volumes": {"data": {"storageClassName": "-"}, "state": {"storageClassName": ""}}})
    classes = [thing["spec"].get("storageClassName") for thing in things if thing["kind"] == "PersistentVolumeClaim"]
    assert classes == ["", None], classes
    for image in ({"digest": "0123"}, {"repository": f"docmill@{digest}"}):
        assert is_refused({"image": image}), image
    for job in ("  # indented\nversion: 1\n", "   \n\nversion: 1\n", "\nname: {{ x }}\n", "  version: 1\n  name: x\n"):
        (manifest,) = (thing["data"]["job.yaml"] for thing in charted({"job": job}) if thing["kind"] == "ConfigMap")
        assert manifest == job, manifest


def is_refused(values):
    """Whether the chart refuses values: by its schema, or with a message of its own."""
    import helm_python

    try:
        charted(values)
    except (helm_python.HelmValuesError, helm_python.HelmRenderError):
        return True
    return False


def check_same(rendered):
    """The chart and the Kustomize folders describe the same pods."""

    def comparable(tool, name):
        job = next(thing for thing in rendered[tool][name] if thing["kind"] in ("Job", "CronJob"))
        spec, pod = json.loads(json.dumps(pod_of(job)))
        container = pod["containers"][0]
        container.pop("imagePullPolicy", None)
        # The chart also divides rates where fewer pods than shards run at a time.
        arguments = container["args"]
        if "--parallel" in arguments:
            at = arguments.index("--parallel")
            del arguments[at : at + 2]
        container["args"] = sorted(arguments)
        for volume in pod["volumes"]:
            volume.pop("configMap", None)
        return pod, spec["podFailurePolicy"], spec.get("backoffLimitPerIndex"), spec.get("completions")

    for name in KUSTOMIZE:
        kustomize, chart = comparable("kustomize", name), comparable("helm", name)
        assert kustomize == chart, f"{name}:\n{json.dumps(kustomize, indent=1)}\n{json.dumps(chart, indent=1)}"


if __name__ == "__main__":
    main()
