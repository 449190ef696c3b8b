"""An OpenID Connect provider on a socket. It knows one person, approves every sign-in and records the requests.

with IdentityProvider(claims={"sub": "42", "email": "dora@example.com", "email_verified": True}) as provider:
    provider.base_url, provider.client_id, provider.client_secret
    provider.refuse("token")          # this endpoint returns 500 from now on
"""

import base64
import hashlib
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, urlencode, urlsplit
from uuid import uuid4

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

CLIENT_ID, CLIENT_SECRET = "dailies", "a-secret-of-two"


class IdentityProvider:
    client_id, client_secret = CLIENT_ID, CLIENT_SECRET

    def __init__(self, claims: dict[str, Any]) -> None:
        self.claims = claims
        self.requests: list[str] = []
        self._refused: set[str] = set()
        self._challenges: dict[str, str] = {}
        self._tokens: set[str] = set()
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    @property
    def base_url(self) -> str:
        return f"http://localhost:{self._server.server_port}"

    def refuse(self, endpoint: str) -> None:
        self._refused.add(endpoint)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    # --- the endpoints: each returns status, headers and a JSON body ------------------------------------------------

    def discovery(self, _: dict[str, str], __: str) -> tuple[int, dict[str, str], Any]:
        names = {"authorization_endpoint": "authorize", "token_endpoint": "token", "userinfo_endpoint": "userinfo"}
        places = {name: f"{self.base_url}/{path}" for name, path in names.items()}
        return 200, {}, {"issuer": self.base_url, "jwks_uri": f"{self.base_url}/keys", **places}

    def authorize(self, form: dict[str, str], _: str) -> tuple[int, dict[str, str], Any]:
        """Approve the sign-in at once."""
        code = uuid4().hex
        self._challenges[code] = form["code_challenge"]
        back = urlencode({"code": code, "state": form["state"]})
        return 302, {"Location": f"{form['redirect_uri']}?{back}"}, {}

    def token(self, form: dict[str, str], _: str) -> tuple[int, dict[str, str], Any]:
        challenge = self._challenges.pop(form.get("code", ""), None)
        secret = (form.get("client_id"), form.get("client_secret"))
        if challenge != _challenge_of(form.get("code_verifier", "")) or secret != (CLIENT_ID, CLIENT_SECRET):
            return 400, {}, {"error": "invalid_grant"}
        token = uuid4().hex
        self._tokens.add(token)
        return 200, {}, {"access_token": token, "token_type": "Bearer", "id_token": self._id_token()}

    def userinfo(self, _: dict[str, str], authorization: str) -> tuple[int, dict[str, str], Any]:
        if authorization.removeprefix("Bearer ") not in self._tokens:
            return 401, {}, {"error": "invalid_token"}
        return 200, {}, self.claims

    def _id_token(self) -> str:
        now = int(time.time())
        facts = {"iss": self.base_url, "aud": CLIENT_ID, "sub": self.claims["sub"], "iat": now, "exp": now + 300}
        return jwt.encode(facts, self._key, algorithm="RS256")

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        provider = self
        endpoints = {
            "/.well-known/openid-configuration": provider.discovery,
            "/authorize": provider.authorize,
            "/token": provider.token,
            "/userinfo": provider.userinfo,
        }

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self._respond(dict(parse_qs(urlsplit(self.path).query)))

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                self._respond(dict(parse_qs(body.decode())))

            def _respond(self, form: dict[str, list[str]]) -> None:
                path = urlsplit(self.path).path
                provider.requests.append(path.removeprefix("/"))
                endpoint = endpoints.get(path)
                if endpoint is None or path.removeprefix("/") in provider._refused:
                    return self._send(500 if endpoint else 404, {}, {})
                values = {name: value[0] for name, value in form.items()}
                return self._send(*endpoint(values, self.headers.get("Authorization", "")))

            def _send(self, status: int, headers: dict[str, str], body: Any) -> None:
                content = json.dumps(body).encode()
                self.send_response(status)
                for name, value in {**headers, "Content-Type": "application/json"}.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: object) -> None:
                """Log nothing: the tests read `requests`."""

        return Handler


def _challenge_of(verifier: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
