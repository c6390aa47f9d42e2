"""What the fuzzing adds to schemathesis: requests that reach what is there, and a check that no answer shows the inside."""

import json
import os
import re
import zlib

import schemathesis

# Existing ids by the names of path parameters.
IDS = json.loads(os.environ.get("SWITCHBOARD_FUZZ_IDS", "{}"))

# Words of AWS, of the emulator, of Rust and of files that no caller should find in an error.
INSIDE = re.compile(
    r"(?i:amazon|\baws\b|arn:|dynamo|\bsqs\b|\bkms\b|\bs3\b|lambda|ministack|127\.0\.0\.1|localhost|/src/|\.rs\b|/var/task"
    r"|panicked|unwrap|backtrace|serde|\bstruct\b|\bvariant\b|traceback)"
    r"|\bSome\(|\bNone\b|\bOk\(|\bErr\(|[a-z]Error\b|ConditionalCheck|\bA#"
)


@schemathesis.hook
def before_call(context, case, kwargs):
    """Names what is there in half of the requests: ids out of the blue are 404, and nothing behind them is tried."""
    choice = zlib.crc32(repr((case.operation.label, case.path_parameters, case.query, case.body)).encode())
    # A random account never exists: a made-up name in this header is 404 whatever else is requested.
    if choice % 8 and case.headers is not None:
        case.headers.pop("Switchboard-Account", None)
    for name, value in (case.path_parameters or {}).items():
        # The emulator's gateway has no route for paths with line ends, and answers itself. Values come quoted as well
        # as plain.
        case.path_parameters[name] = re.sub(r"[\r\n]|%0[AaDd]", "_", value) if isinstance(value, str) else value
    if choice % 2 == 0 or case.method.upper() == "DELETE" or not case.path_parameters:
        return
    for name in case.path_parameters:
        if name in IDS:
            case.path_parameters[name] = IDS[name]


@schemathesis.check
def no_internals(context, response, case):
    """An error says nothing of what it was that failed inside."""
    if response.status_code < 400:
        return
    asked = f"{response.request.url} {response.request.body!r} {dict(response.request.headers)!r}"
    for found in INSIDE.finditer(response.text):
        # A match that the request itself contains is allowed.
        if found.group() not in asked:
            raise AssertionError(f"the answer shows {found.group()!r}: {response.text[:500]}")
