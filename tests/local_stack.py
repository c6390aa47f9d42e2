#!/usr/bin/env python3
"""The local stack: template.yaml with the real binaries on an AWS emulator, without Docker and without AWS.

    local_stack.py [--name run|test|…] up deploy sandbox     start the emulator, build and deploy, start the sandbox
    local_stack.py [--name run|test|…] status | down

Everything lives in .local/<name>/; `stack.json` there tells tests and people where things are. A stack that runs is
used again, a build or a deployment that would change nothing is left out.
"""

import argparse
import contextlib
import fcntl
import hashlib
import json
import os
import platform
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCAL = ROOT / ".local"
BUILD = LOCAL / "build"
TOOLS = ROOT / ".venv" / "bin"

REGION = "us-east-1"
# The emulator's own administrator. The functions get their roles' credentials, and their policies are enforced.
ADMIN = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": REGION}
API_ID = "switchboard"
ARTIFACTS = "switchboard-artifacts"
OPERATOR_SECRET = "switchboard/operator-key"

# The sources of the build: a change in any of them means a new build and deployment.
SOURCES = ("Cargo.toml", "Cargo.lock", "rust-toolchain.toml", "template.yaml", "samconfig.toml", "requirements.txt",
           "functions", "shared", "tests/local_stack.py")

QUEUES = ("Inbound", "Statuses", "Assignment", "Crm", "Outbound", "Timers", "Media", "Erasures")
FUNCTIONS = ("WebhookIngest", "Routing", "Assignment", "CrmPush", "Delivery", "AutoClose", "Media", "Erasure", "Api")

STARTED = time.monotonic()


def say(text):
    print(f"[{time.monotonic() - STARTED:5.0f} s] {text}", flush=True)


def fail(text):
    sys.exit(f"local_stack: {text}")


# ---- helpers


def free_port():
    """A port below those that systems give to outgoing connections, or one of these could take it before it is used."""
    while True:
        port = 20000 + secrets.randbelow(12000)
        with contextlib.suppress(OSError), socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
            return port


def listens(port):
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def read_json(path):
    try:
        return json.loads(path.read_text())
    except (FileNotFoundError, json.JSONDecodeError):
        return None


def write_private(path, value):
    """Writes JSON that may hold the operator key: for this user only, and whole or not at all."""
    draft = path.with_suffix(".draft")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as out:
        json.dump(value, out, indent=2)
        out.write("\n")
    draft.replace(path)


def command_line(pid):
    """What runs under this id, or nothing: ids are used again, and only our own processes are ended."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except FileNotFoundError:
        if Path("/proc/self").exists():
            return ""
    shown = subprocess.run(["ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return shown.stdout


def is_ours(process, word):
    return bool(process) and word in command_line(process["pid"])


def end(process, word):
    """Ends a process that we started, and what it started: politely, then not."""
    if not is_ours(process, word):
        return
    for number, patience in ((signal.SIGTERM, 10), (signal.SIGKILL, 5)):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process["pid"], number)
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline:
            if not is_ours(process, word):
                return
            time.sleep(0.1)


def start(arguments, log, environment):
    """Starts a background process in a session of its own, so that it outlives us and is ended as a group."""
    with log.open("ab") as out:
        return subprocess.Popen(arguments, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT,
                                env=environment, cwd=ROOT, start_new_session=True)


def run_long(title, arguments, environment, log=None):
    """Runs a step that may take minutes, with a sign of life a minute. With a log, its output shows on failure only."""
    say(title)
    began = time.monotonic()
    with log.open("w") if log else contextlib.nullcontext() as out:
        errors = subprocess.STDOUT if log else None
        child = subprocess.Popen(arguments, stdin=subprocess.DEVNULL, stdout=out, stderr=errors, cwd=ROOT, env=environment)
    try:
        while True:
            try:
                code = child.wait(timeout=60)
                break
            except subprocess.TimeoutExpired:
                say(f"{title}: {time.monotonic() - began:.0f} s so far")
    except BaseException:
        child.terminate()
        child.wait()
        raise
    if code != 0:
        if log:
            print(log.read_text(errors="replace")[-8000:], flush=True)
        fail(f"{title} failed (exit code {code}); the reason is above")
    say(f"{title}: done in {time.monotonic() - began:.0f} s")


# ---- the stack


class Stack:
    def __init__(self, name):
        self.name = name
        self.home = LOCAL / name
        self.described = self.home / "stack.json"
        self.emulator_file = self.home / "emulator.json"
        self.sandbox_file = self.home / "sandbox.json"
        self.log = self.home / "emulator.log"

    # The emulator's process.

    def emulator(self):
        """The running emulator of this stack, or nothing."""
        process = read_json(self.emulator_file)
        return process if is_ours(process, "ministack") and self.is_healthy(process["port"]) else None

    @staticmethod
    def is_healthy(port):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/_ministack/health", timeout=5) as answer:
                return answer.status == 200
        except OSError:
            return False

    def need_emulator(self):
        return self.emulator() or fail(f"the stack '{self.name}' is not up; its log: {self.log.relative_to(ROOT)}")

    def environment(self, process):
        return {**os.environ, **ADMIN, "AWS_ENDPOINT_URL": f"http://127.0.0.1:{process['port']}",
                "AWS_EC2_METADATA_DISABLED": "true", "SAM_CLI_TELEMETRY": "0", "PATH": f"{TOOLS}:{os.environ['PATH']}"}

    def client(self, process, service):
        import boto3  # from .venv; `down` and `status` do without

        return boto3.client(service, endpoint_url=f"http://127.0.0.1:{process['port']}", region_name=REGION,
                            aws_access_key_id=ADMIN["AWS_ACCESS_KEY_ID"],
                            aws_secret_access_key=ADMIN["AWS_SECRET_ACCESS_KEY"])

    # Commands.

    def up(self):
        if process := self.emulator():
            say(f"emulator of '{self.name}' runs already on port {process['port']}")
            return
        self.down()
        shutil.rmtree(self.home, ignore_errors=True)
        scratch = self.home / "state"
        scratch.mkdir(parents=True)
        port, sandbox_port, listener_port = free_port(), free_port(), free_port()
        endpoint = f"http://127.0.0.1:{port}"
        # Minimal on purpose, because the functions inherit this environment.
        environment = {
            **ADMIN,
            "AWS_ENDPOINT_URL": endpoint,
            "PATH": f"{TOOLS}:{os.environ['PATH']}",
            "LANG": "C.UTF-8",
            "HOME": str(scratch),
            "TMPDIR": str(scratch),
            "STATE_DIR": str(scratch / "state"),
            "S3_DATA_DIR": str(scratch / "s3"),
            "BIND_HOST": "127.0.0.1",
            "MINISTACK_HOST": "127.0.0.1",
            "GATEWAY_PORT": str(port),
            # Enforces the functions' own policies.
            "AUTH": "true",
            "IOT_MTLS_ENABLED": "0",
        }
        child = start([str(TOOLS / "python"), str(TOOLS / "ministack")], self.log, environment)
        process = {"pid": child.pid, "port": port, "sandboxPort": sandbox_port, "listenerPort": listener_port,
                   "run": secrets.token_hex(8)}
        write_private(self.emulator_file, process)
        deadline = time.monotonic() + 60
        while not self.is_healthy(port):
            if child.poll() is not None or time.monotonic() > deadline:
                self.down()
                fail(f"the emulator did not start; its log: {self.log.relative_to(ROOT)}")
            time.sleep(0.2)
        say(f"emulator of '{self.name}' listens on port {port}")

    def deploy(self):
        process = self.need_emulator()
        # Everything in one profile and one target directory, so that no crate is compiled twice, whatever follows (the
        # sandbox, the story; the tests, whose stack builds what `cargo test` will run). `sam build` makes the
        # deployable build; it takes minutes that local runs do not need.
        targets = "--all-targets" if self.name == "test" else "--bins"
        run_long("cargo build", ["cargo", "build", "--locked", "--workspace", targets], dict(os.environ))
        sources = hash_of_sources()
        current = read_json(self.described)
        if current and current["sources"] == sources and current["run"] == process["run"]:
            say(f"stack '{self.name}' is deployed as it stands in the sources")
            return
        with only_one_build():
            lay_out(sources)
            self.deploy_built(process, sources)

    def deploy_built(self, process, sources):
        self.make_artifacts_bucket(process)
        secret_arn, operator_key = self.make_operator_key(process)
        port, sandbox_port, listener_port = process["port"], process["sandboxPort"], process["listenerPort"]
        parameters = {
            "OperatorKeySecretArn": secret_arn,
            "PublicBaseUrl": f"http://127.0.0.1:{port}/_aws/execute-api/{API_ID}/$default",
            # Every provider is at the sandbox, whether the sandbox plays it already or not.
            "ProviderBaseUrls": ",".join(f"{name}=http://127.0.0.1:{sandbox_port}/{name}" for name in providers()),
            # The sandbox, our own public address for the test message, and the webhook listener of a real client.
            "OutboundAllowList": f"127.0.0.1:{sandbox_port},127.0.0.1:{port},127.0.0.1:{listener_port}",
            "Architecture": architecture(),
            "LogRetentionDays": "1",
            "TableDeletionProtection": "false",
        }
        stack_name = f"switchboard-{self.name}"
        # The tag sets the API's id in the emulator, so that its address is known before it is deployed.
        run_long("sam deploy", [
            str(TOOLS / "sam"), "deploy", "--config-file", str(ROOT / "samconfig.toml"), "--config-env", "local",
            "--template-file", str(BUILD / "out" / "template.yaml"),
            "--stack-name", stack_name, "--s3-bucket", ARTIFACTS, "--region", REGION, "--tags", f"ms-custom-id={API_ID}",
            "--parameter-overrides", *(f"{key}={value}" for key, value in parameters.items()),
        ], self.environment(process), self.home / "deploy.log")
        formation = self.client(process, "cloudformation")
        described = formation.describe_stacks(StackName=stack_name)["Stacks"][0]
        outputs = {each["OutputKey"]: each["OutputValue"] for each in described["Outputs"]}
        self.help_emulator(process, outputs)
        pages = formation.get_paginator("list_stack_resources").paginate(StackName=stack_name)
        resources = {each["LogicalResourceId"]: each["PhysicalResourceId"]
                     for page in pages for each in page["StackResourceSummaries"]}
        functions = {name: resources["ApiFunction" if name == "Api" else name] for name in FUNCTIONS}
        write_private(self.described, {
            "name": self.name,
            "stackName": stack_name,
            "endpoint": f"http://127.0.0.1:{port}",
            "region": REGION,
            "accessKeyId": ADMIN["AWS_ACCESS_KEY_ID"],
            "secretAccessKey": ADMIN["AWS_SECRET_ACCESS_KEY"],
            "apiUrl": outputs["ApiUrl"],
            "webhookBaseUrl": outputs["WebhookBaseUrl"],
            "operatorKey": operator_key,
            "table": outputs["TableName"],
            "keyId": outputs["KeyId"],
            "bucket": outputs["QuarantineBucketName"],
            "queues": {lower_first(name): resources[f"{name}Queue"] for name in QUEUES},
            "deadLetterQueues": {lower_first(name): resources[f"{name}DeadLetterQueue"] for name in QUEUES},
            "functions": {lower_first(name): full for name, full in functions.items()},
            "logGroups": {lower_first(name): f"/aws/lambda/{full}" for name, full in functions.items()},
            "sandboxPort": sandbox_port,
            "sandboxUrl": f"http://127.0.0.1:{sandbox_port}",
            "listenerPort": listener_port,
            "pid": process["pid"],
            "run": process["run"],
            "sources": sources,
        })
        say(f"stack '{self.name}' is described in {self.described.relative_to(ROOT)}")

    def help_emulator(self, process, outputs):
        """What the emulator cannot do with the template as it is; AWS can, so it is not for the template to change."""
        # The emulator enforces the policy that requires TLS, and speaks plain HTTP.
        for bucket in ("QuarantineBucketName", "MediaBucketName"):
            self.client(process, "s3").delete_bucket_policy(Bucket=outputs[bucket])
        # It leaves a number that comes from a parameter as text, and then cannot poll for this mapping.
        functions = self.client(process, "lambda")
        for mapping in functions.list_event_source_mappings()["EventSourceMappings"]:
            limit = int(mapping["ScalingConfig"]["MaximumConcurrency"])
            functions.update_event_source_mapping(UUID=mapping["UUID"], ScalingConfig={"MaximumConcurrency": limit})

        # The same for a switch that comes from a parameter.
        tables = self.client(process, "dynamodb")
        protected = tables.describe_table(TableName=outputs["TableName"])["Table"].get("DeletionProtectionEnabled")
        tables.update_table(TableName=outputs["TableName"], DeletionProtectionEnabled=str(protected).lower() == "true")
        # It keeps the names of the template's CORS members, and looks for those of its own API.
        gateway, kept = self.client(process, "apigatewayv2"), {}
        gateway.meta.events.register("after-call.apigatewayv2.GetApi",
                                     lambda http_response, **_: kept.update(json.loads(http_response.text)))
        gateway.get_api(ApiId=API_ID)
        cors = {name[0].upper() + name[1:]: value for name, value in kept["corsConfiguration"].items()}
        gateway.update_api(ApiId=API_ID, CorsConfiguration={**cors, "MaxAge": int(cors["MaxAge"])})
        self.fit_policies(process)

    def fit_policies(self, process):
        """Adapts the roles to the emulator. The emulator checks SQS's batch calls under names of their own, which AWS allows with
        the single call's name. It does not know the condition keys of KMS's encryption context and would never allow a statement
        that has one. It still checks at each decryption that the context is the one of the encryption."""
        access = self.client(process, "iam")
        for role in access.list_roles()["Roles"]:
            for name in access.list_role_policies(RoleName=role["RoleName"])["PolicyNames"]:
                document = access.get_role_policy(RoleName=role["RoleName"], PolicyName=name)["PolicyDocument"]
                for statement in document["Statement"]:
                    actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
                    for single in ("sqs:SendMessage", "sqs:ChangeMessageVisibility"):
                        if single in actions:
                            statement["Action"] = actions = [*actions, f"{single}Batch"]
                    for keys in statement.get("Condition", {}).values():
                        for key in [key for key in keys if key.startswith("kms:EncryptionContext:")]:
                            del keys[key]
                access.put_role_policy(
                    RoleName=role["RoleName"], PolicyName=name, PolicyDocument=json.dumps(document))

    def make_artifacts_bucket(self, process):
        storage = self.client(process, "s3")
        if ARTIFACTS not in [each["Name"] for each in storage.list_buckets()["Buckets"]]:
            storage.create_bucket(Bucket=ARTIFACTS)

    def make_operator_key(self, process):
        """The operator key of this emulator and its secret's ARN; a key is made once and never shown."""
        manager = self.client(process, "secretsmanager")
        try:
            kept = manager.get_secret_value(SecretId=OPERATOR_SECRET)
            return kept["ARN"], kept["SecretString"]
        except manager.exceptions.ResourceNotFoundException:
            key = secrets.token_urlsafe(32)
            return manager.create_secret(Name=OPERATOR_SECRET, SecretString=key)["ARN"], key

    def sandbox(self):
        """Starts the sandbox anew: it holds nothing that is worth keeping over a run."""
        process = self.need_emulator()
        program, port = ROOT / "target" / "debug" / "sandbox", process["sandboxPort"]
        if not program.exists():
            fail("the sandbox is not built: deploy first")
        end(read_json(self.sandbox_file), "sandbox")
        child = start([str(program), "--port", str(port)], self.home / "sandbox.log", dict(os.environ))
        write_private(self.sandbox_file, {"pid": child.pid, "port": port})
        deadline = time.monotonic() + 20
        while not listens(port):
            if child.poll() is not None or time.monotonic() > deadline:
                end({"pid": child.pid}, "sandbox")
                fail(f"the sandbox did not start; its log: {(self.home / 'sandbox.log').relative_to(ROOT)}")
            time.sleep(0.1)
        say(f"sandbox of '{self.name}' listens on port {port}")

    def down(self):
        for file, word in ((self.sandbox_file, "sandbox"), (self.emulator_file, "ministack")):
            process = read_json(file)
            if is_ours(process, word):
                end(process, word)
                say(f"{word} of '{self.name}' stopped")
            file.unlink(missing_ok=True)
        self.described.unlink(missing_ok=True)

    def status(self):
        process, described = self.emulator(), read_json(self.described)
        if not process:
            print(f"{self.name}: not up")
            return
        print(f"{self.name}: emulator on port {process['port']}, process {process['pid']}")
        print(f"{self.name}: " + (f"API at {described['apiUrl']}" if described else "not deployed"))
        if is_ours(read_json(self.sandbox_file), "sandbox"):
            print(f"{self.name}: sandbox on port {process['sandboxPort']}")
        if described and described["sources"] != hash_of_sources():
            print(f"{self.name}: the sources have changed since it was deployed")


# ---- the build, which all stacks share


def architecture():
    return "arm64" if platform.machine() in ("arm64", "aarch64") else "x86_64"


def providers():
    """The words of the registry: a folder each."""
    return sorted(each.parent.name for each in (ROOT / "shared" / "src" / "providers").glob("*/mod.rs"))


def lower_first(name):
    return name[0].lower() + name[1:]


def hash_of_sources():
    total = hashlib.sha256()
    for source in map(ROOT.joinpath, SOURCES):
        files = [source] if source.is_file() else sorted(each for each in source.rglob("*") if each.is_file())
        for file in files:
            total.update(f"{file.relative_to(ROOT)}\0".encode())
            total.update(hashlib.sha256(file.read_bytes()).digest())
    return total.hexdigest()


@contextlib.contextmanager
def only_one_build():
    """One build and deployment at a time: all stacks share the built files."""
    BUILD.mkdir(parents=True, exist_ok=True)
    with (BUILD / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("waiting for another build to finish")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


# A function in the template, in the form that `sam build` finds.
FUNCTION = re.compile(
    r"^  (?P<name>\w+):\n    Type: AWS::Serverless::Function\n    Metadata:\n      BuildMethod: rust-cargolambda\n"
    r"      BuildProperties: {Binary: (?P<binary>[\w-]+)}\n    Properties:\n", re.MULTILINE)


def lay_out(sources):
    """What `sam build` would make: the template, and beside it a folder per function with its program as `bootstrap`."""
    done = BUILD / "sources"
    if done.exists() and done.read_text() == sources:
        say("the programs are laid out as they stand in the sources")
        return
    done.unlink(missing_ok=True)
    out, target = BUILD / "out", Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    text = (ROOT / "template.yaml").read_text()
    found = list(FUNCTION.finditer(text))
    if len(found) != len(FUNCTIONS) or text.count("AWS::Serverless::Function") != len(FUNCTIONS):
        fail("template.yaml declares its functions in another way than local runs know")
    for function in found:
        bootstrap = out / function["name"] / "bootstrap"
        bootstrap.parent.mkdir()
        shutil.copy2(target / "debug" / function["binary"], bootstrap)
        if strip := shutil.which("strip"):
            subprocess.run([strip, bootstrap], check=True)
    laid_out = r"  \g<name>:\n    Type: AWS::Serverless::Function\n    Properties:\n      CodeUri: \g<name>\n"
    (out / "template.yaml").write_text(FUNCTION.sub(laid_out, text))
    done.write_text(sources)


def stack_name(text):
    """A name that folders and stacks may have; `build` is where all of them build."""
    if not re.fullmatch("[a-z][a-z0-9]{0,11}", text) or text == BUILD.name:
        raise argparse.ArgumentTypeError("a letter and up to eleven letters or digits, lower case")
    return text


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--name", type=stack_name, default="run", help="which stack: make has run and test (default: run)")
    parser.add_argument("commands", nargs="+", choices=("up", "deploy", "sandbox", "status", "down"))
    options = parser.parse_args()
    if sys.version_info < (3, 10):
        fail("Python 3.10 or newer is needed")
    stack = Stack(options.name)
    for command in options.commands:
        getattr(stack, command)()


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
