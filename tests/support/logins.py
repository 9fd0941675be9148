"""What is sent after a login."""

from support.server import TOKEN, Asked, Reply, ScriptedServer


def numbered(server: ScriptedServer) -> None:
    """Hand out token0001, token0002, ..."""
    server.login_handler = lambda _: Reply(
        body={**TOKEN, "access_token": f"token{len(server.token_requests):04}"}
    )


def bearer(asked: Asked) -> str | None:
    return asked.headers.get("Authorization")
