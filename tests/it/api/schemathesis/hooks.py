"""What schemathesis is told of the server under test: who asks, what there is to ask for, what nobody may be shown.

Loaded by schemathesis (SCHEMATHESIS_HOOKS). The stage (STAGE, JSON) is set by the Rust side: `me`, who asks, `other`, who
must stay unseen, and `spare`, whose account takes what would lock `me` out. Of what schemathesis makes up, parameters
that are valid are pointed at things that exist, most at own ones and some at the other's; what is invalid stays.
"""

import atexit
import json
import os
import random
import re
from collections import Counter

import requests
import schemathesis

STAGE = json.loads(os.environ["STAGE"])
BASE = STAGE["base"]
ME, OTHER, SPARE = STAGE["me"], STAGE["other"], STAGE["spare"]
CHANCE = random.Random(STAGE["seed"])

# What changes or ends an account is done to the spare one.
SPARED = {
    "delete_users_me",
    "patch_users_me",
    "post_users_logout",
    "post_users_me_password",
    "delete_users_me_sessions",
    "delete_users_me_sessions_id",
    "post_users_token",
    "post_users_token_refresh",
}


class Account:
    """Somebody who is signed in, again when a request has ended that."""

    addresses = 0

    def __init__(self, person):
        self.name, self.password = person["name"], person["password"]
        self.session = requests.Session()
        self.tokens = None
        # Requests are made up before others are sent, and may bear a token that is no longer good by then.
        self.known = set()

    def token(self):
        if self.tokens is None:
            self.sign_in()
        return self.tokens["access_token"]

    def sign_in(self):
        # From an address of its own, so that wrong passwords that are made up slow down only each other.
        Account.addresses += 1
        address = f"10.{Account.addresses >> 16 & 255}.{Account.addresses >> 8 & 255}.{Account.addresses & 255}"
        answer = self.session.post(
            f"{BASE}/api/v1/users/token",
            json={"username": self.name, "password": self.password},
            headers={"X-Forwarded-For": address},
            timeout=30,
        )
        if answer.status_code != 200:
            raise RuntimeError(f"{self.name!r} cannot sign in with {self.password!r}: {answer.text}")
        self.tokens = answer.json()
        self.known.add(f"Bearer {self.tokens['access_token']}")

    def call(self, method, path, body=None):
        """Prepares something; `None` where that is refused."""
        answer = self.session.request(
            method,
            f"{BASE}{path}",
            json=body,
            headers={"Authorization": f"Bearer {self.token()}"},
            timeout=30,
        )
        if not answer.ok:
            return None
        return answer.json() if answer.content else {}


ACCOUNTS = {"me": Account(ME), "spare": Account(SPARE)}


def account_of(operation):
    return ACCOUNTS["spare" if operation_id(operation) in SPARED else "me"]


def operation_id(operation):
    return operation.definition.raw.get("operationId", "")


@schemathesis.auth(refresh_interval=None)
class Bearer:
    """The token of whoever is to ask."""

    def get(self, case, context):
        return account_of(context.operation).token()

    def set(self, case, data, context):
        case.headers["Authorization"] = f"Bearer {data}"


# What is asked for.


def is_read(case):
    return case.method.upper() == "GET"


def pick(values):
    return CHANCE.choice(list(values))


class Place:
    """A workspace with a notebook and what is in it, as parameters of a request name it."""

    def __init__(self, person, name):
        self.person, self.own = person, person is ME
        self.workspace = person["places"][name]
        self.name = name

    def values(self, case):
        workspace, notebook = self.workspace, self.workspace["notebook"]
        number, path = pick(notebook["files"].items())
        # Of two workspaces of one slug the own one is meant: the other's is named by its id.
        slug = workspace["slug"] if self.own else workspace["id"]
        # Of the types that the description says: what is not would count as made up to be refused.
        return {
            "ws": str(pick([workspace["id"], workspace["id"], slug])),
            "nb": str(pick([notebook["id"], notebook["id"], notebook["slug"]])),
            "notebook_id": notebook["id"],
            "file_id": int(number),
            "ref": f"{notebook['id']}:{number}",
            "path": "sub" if "/folders" in case.path else path,
            "user_id": workspace["member"],
            "commit": pick([workspace["commit"], workspace["commit"][:10], "today"]),
            "time": pick(["today", "2026-01-01", workspace["now"]]),
            "pid": "kanban",
            "workspace_id": str(workspace["id"]),
        }


def place_for(case):
    """Where a request goes: what is changed is the workbench, so that the rest stays there to be read."""
    if CHANCE.random() < 0.25:
        return Place(OTHER, pick(OTHER["places"]))
    return Place(ME, pick(ME["places"]) if is_read(case) else "bench")


def id_for(case, place):
    """What `{id}` is depends on the route."""
    path = case.path
    if "/tasks/" in path:
        return place.workspace["task"]
    if "/trash/" in path:
        return place.workspace["trash"]
    account = account_of(case.operation)
    if "/sessions/" in path:
        listed = account.call("GET", "/api/v1/users/me/sessions") or []
        return pick([one["id"] for one in listed] or [1])
    if "/tokens/" in path:
        made = account.call("POST", "/api/v1/users/me/tokens", {"name": "x", "scopes": ["read"]})
        return (made or {"id": 1})["id"]
    return None


def prepare(case, values):
    """Something of one's own that may be changed or removed, for what would else be gone for those that follow."""
    kind = operation_id(case.operation)
    account, bench = ACCOUNTS["me"], ME["places"]["bench"]
    at = f"/api/v1/workspaces/{bench['id']}"
    inside = f"{at}/notebooks/{bench['notebook']['id']}"
    CALLS["made"] += 1
    name = f"made {CALLS['made']}"
    here = {"ws": str(bench["id"]), "nb": str(bench["notebook"]["id"])}
    if kind == "delete_workspaces_ws":
        made = account.call("POST", "/api/v1/workspaces", {"name": name})
        values.update(ws=str(made["id"]) if made else "gone")
    elif kind == "delete_workspaces_ws_notebooks_nb":
        made = account.call("POST", f"{at}/notebooks", {"name": name})
        values.update(here, nb=str(made["id"]) if made else "gone")
    elif kind == "delete_workspaces_ws_members_user_id":
        account.call("POST", f"{at}/members", {"username": SPARE["name"], "role": "viewer"})
        values.update(here, user_id=SPARE["id"])
    elif kind == "delete_tasks_id":
        made = account.call("POST", f"/api/v1/tasks?workspace_id={bench['id']}", {"title": name})
        values.update(id=made["id"] if made else 1)
    elif kind == "delete_workspaces_ws_mounts":
        made = account.call("POST", f"{at}/mounts", {"mountpoint": name}) or {}
        values.update(here, mountpoint=made.get("mountpoint", "nowhere"))
    elif kind.startswith(("delete_", "put_", "patch_")) and "{file_id}" in case.path:
        made = account.call("POST", f"{inside}/files", {"path": f"made/{name}.md", "content": "made\n"})
        values.update(here, file_id=made["id"] if made else 1)
    elif kind.endswith("_folders_path") and not kind.startswith(("get_", "put_")):
        account.call("POST", f"{inside}/folders", {"path": name})
        # Two routes of folders are named by the end of their path.
        route = {"post": "move", "patch": f"{name}/move"}.get(kind.split("_")[0], name)
        values.update(here, path=route, folder=name)


def body_for(case, place, values):
    """Bodies whose values have to exist to be good for anything."""
    kind = operation_id(case.operation)
    spare = ACCOUNTS["spare"]
    made = f"made {CHANCE.getrandbits(32)}"
    if kind in ("post_workspaces", "post_workspaces_ws_notebooks"):
        return {"name": made}
    if kind == "post_workspaces_ws_notebooks_nb_files":
        return {"path": f"{made}.md", "content": "made\n"}
    if kind == "post_workspaces_ws_notebooks_nb_folders":
        return {"path": made}
    if kind == "post_tasks":
        return {"title": made}
    if kind == "post_users_token":
        return {"username": spare.name, "password": spare.password}
    if kind == "post_users_token_refresh":
        spare.token()
        return {"refresh_token": spare.tokens["refresh_token"]}
    if kind == "post_users_me_password":
        return {"current_password": spare.password, "new_password": f"correct horse {made}"}
    if kind == "post_workspaces_ws_members":
        ACCOUNTS["me"].call("DELETE", f"/api/v1/workspaces/{place.workspace['id']}/members/{SPARE['id']}")
        return {"username": SPARE["name"], "role": pick(["viewer", "editor"])}
    if kind.endswith("_file_id_restore"):
        return {"commit": place.workspace["commit"]}
    if kind.endswith("_deleted_restore"):
        return {"path": place.workspace["deleted"], "commit": place.workspace["deleted_in"]}
    if kind.endswith("_from_template"):
        return {"template_id": place.workspace["template"], "filename": f"{made}.md"}
    if kind.endswith("_resolve_link"):
        return {"link": pick(place.workspace["notebook"]["files"].values())}
    if kind.startswith("post") and kind.endswith("_folders_path"):
        return {"path": values.get("folder", "sub"), "new_path": made}
    if kind.startswith("patch") and kind.endswith(("_folders_path", "_file_id_move")):
        return {"new_path": made if "folders" in kind else f"{made}.md"}
    if kind.startswith("patch") and kind.endswith("_tags"):
        tag = pick([place.workspace["tag"], "experiment"])
        return {"from": tag, "to": pick([tag, "kept"]), "merge": True, "dry_run": CHANCE.random() < 0.8}
    if kind == "post_workspaces_ws_undo":
        return {"n": 1}
    if kind == "delete_workspaces_ws_mounts":
        return {"mountpoint": values.get("mountpoint", "nowhere")}
    if kind == "post_workspaces_ws_mounts":
        return {"mountpoint": made}
    return None


CALLS = Counter()
SUCCESSES = Counter()


def invalid_parts(case):
    """Where schemathesis has put what is to be refused; `None` where it does not say."""
    meta = case.meta
    if meta is None or meta.generation.mode.value == "positive":
        return set()
    parts = {at.value for at, info in meta.components.items() if info.mode.value == "negative"}
    where = getattr(meta.phase.data, "parameter_location", None)
    return (parts | {where.value} if where else parts) or None


@schemathesis.hook
def before_call(context, case, kwargs):
    account = account_of(case.operation)
    if case.headers and case.headers.get("Authorization") in account.known:
        case.headers["Authorization"] = f"Bearer {account.token()}"
    invalid = invalid_parts(case)
    if invalid is None:
        return
    # What has never been done is asked for in a way that can be done; then chance decides.
    is_new = not invalid and operation_id(case.operation) not in SUCCESSES

    def by_chance(share):
        return is_new or CHANCE.random() < share

    place = Place(ME, "bench") if is_new else place_for(case)
    values = place.values(case)
    if place.own:
        prepare(case, values)
    if case.path_parameters and "path" not in invalid and by_chance(0.85):
        for name in case.path_parameters:
            found = values.get(name)
            if name == "id":
                found = found or id_for(case, place)
            if found is not None:
                case.path_parameters[name] = found
    if "query" not in invalid:
        for name in ("workspace_id", "notebook_id"):
            if name in case.query and by_chance(0.85):
                case.query[name] = values[name]
        if "mountpoint" in values and by_chance(0.85):
            case.query["mountpoint"] = values["mountpoint"]
    if isinstance(case.body, dict) and "body" not in invalid and by_chance(0.5):
        body = body_for(case, place, values)
        if body is not None:
            case.body = body


@schemathesis.hook
def after_call(context, case, response):
    kind = operation_id(case.operation)
    CALLS["requests"] += 1
    CALLS[f"status {response.status_code}"] += 1
    # Methods that a path does not take are tried too.
    if case.method.lower() == str(case.operation.method).lower():
        CALLS[f"called {kind}"] += 1
        if 200 <= response.status_code < 300:
            SUCCESSES[kind] += 1
            keep_signed_in(kind, case, response)
    if ME["secret"] in text_of(response):
        CALLS["own secrets"] += 1
    if names_of_other(sent(case, response)):
        CALLS["asked for the other's"] += 1


def keep_signed_in(kind, case, response):
    """A request that was done may have ended the session that it was made with."""
    if kind not in SPARED or kind == "post_users_token":
        return
    spare = ACCOUNTS["spare"]
    if kind == "post_users_me_password":
        spare.password = case.body["new_password"]
    if kind == "patch_users_me":
        spare.name = response.json()["username"]
    spare.tokens = None


# What nobody may be shown.


def text_of(response):
    headers = " ".join(f"{name}: {value}" for name, values in response.headers.items() for value in values)
    return headers + " " + response.content.decode("utf-8", "replace")


def sent(case, response):
    """All that the request said, as the server read it."""
    request = response.request
    body = request.body
    if isinstance(body, bytes):
        body = body.decode("utf-8", "replace")
    return requests.utils.unquote(request.url or "") + " " + (body if isinstance(body, str) else "")


def numbers(text):
    return set(re.findall(r"(?<!\d)\d{7,}(?!\d)", text))


OTHERS_IDS = set(map(str, OTHER["ids"]))


def names_of_other(text):
    return numbers(text) & OTHERS_IDS


@schemathesis.check
def nothing_of_others(ctx, response, case):
    """No answer holds another's words or ids, and none tells a place of another's from one that is not there."""
    shown, asked = text_of(response), sent(case, response)
    if OTHER["secret"] in shown:
        # A refusal may name what was asked for.
        is_echo = OTHER["secret"] in asked and response.status_code >= 400
        assert is_echo, f"an answer holds what is another's: {shown[:2000]}"
    leaked = names_of_other(shown) - names_of_other(asked)
    assert not leaked, f"an answer holds ids of another's: {leaked} in {shown[:2000]}"
    path = requests.utils.unquote((response.request.url or "").split("?")[0])
    is_about_all = case.method.upper() == "OPTIONS"
    if names_of_other(path) and not is_about_all and response.status_code not in (400, 401, 404, 405, 422):
        raise AssertionError(f"a place of another's is answered with {response.status_code}: {shown[:2000]}")


@atexit.register
def report():
    with open(STAGE["report"], "w", encoding="utf-8") as file:
        json.dump({"calls": CALLS, "successes": SUCCESSES}, file)
