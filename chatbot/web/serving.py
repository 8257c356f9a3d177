"""From settings to a listening server."""

from __future__ import annotations

import contextlib
import logging
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator

from chatbot.deciding import BY_DEFAULT
from chatbot.errors import FrontdeskError, SettingsError
from chatbot.settings import Settings
from chatbot.wiring import Frontdesk, is_set_up

log = logging.getLogger(__name__)
HOUR = 3600.0


def run(settings: Settings) -> None:
    """Serves until it is stopped; on the first start it makes what is missing before, in a process of its own.

    Raises SettingsError if the port is taken or the address is not this machine's, FrontdeskError if setting up failed.
    """
    with bound(settings.host, settings.port) as listening:
        if not is_set_up(settings):
            set_up_apart(settings)
        answer_on(listening, settings)


def answer_on(listening: socket.socket, settings: Settings) -> None:
    """Serves on the socket until it is stopped."""
    import uvicorn

    from chatbot.web.app import Api, create_app
    from chatbot.web.callers import networks
    from chatbot.wiring_staff import Console

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    desk = Frontdesk(settings)
    console = Console(desk, networks(settings.trusted_proxies))
    for name in settings.open_payloads:
        intent = name.removeprefix("/")
        if not desk.project.domain.knows_intent(intent) and intent not in BY_DEFAULT:
            log.warning("CHATBOT_OPEN_PAYLOADS has '%s', which is no intent of the domain: it is read as words", name)
    with closing_down(desk), contextlib.closing(console):
        app = create_app(
            desk,
            shop_name=desk.project.name,
            storage_secret=desk.storage_secret,
            status=desk.versions,
            starters=desk.starters(),
            embed_origins=settings.embed_origins,
            staff=console.app(),
            trusted_proxies=settings.trusted_proxies,
            messages_a_minute=settings.messages_a_minute,
            api=Api(
                rest_token=settings.rest_token,
                token=settings.api_token,
                open_payloads=settings.open_payloads,
                own_servers=settings.own_servers,
                desk=desk,
                masked=desk.conversations.masked,
            ),
        )
        host = f"[{settings.host}]" if ":" in settings.host else settings.host
        address = f"http://{host}:{listening.getsockname()[1]}"
        sys.stdout.write(f"Frontdesk is ready: {address}/\n")
        if link := console.first_link():
            sys.stdout.write(f"Nobody can sign in yet. Make the first admin, once, within a day: {address}{link}\n")
        sys.stdout.flush()
        config = uvicorn.Config(
            app,
            log_level="warning",
            timeout_graceful_shutdown=5,
            forwarded_allow_ips=list(settings.trusted_proxies),  # for the scheme: it believes this machine if not told
        )
        uvicorn.Server(config).run(sockets=[listening])


def bound(host: str, port: int) -> socket.socket:
    """A listening socket. Taken before anything slow is begun, so that a busy port is told at once."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
        listening.listen(128)
    except OSError as error:
        listening.close()
        reason = error.strerror or str(error)
        raise SettingsError(f"Cannot listen on {host} port {port}: {reason}. Choose another with --port.") from error
    return listening


def set_up_apart(settings: Settings) -> None:
    """Training runs in its own process: serving never loads torch.

    In a process group of its own too, so that Ctrl-C reaches it once, from here, and it can remove what it has begun.
    """
    command = [sys.executable, "-m", "chatbot", "setup", "--home", str(settings.home)]
    if settings.project:
        command += ["--project", str(settings.project)]
    with subprocess.Popen(command, process_group=0) as setting_up:  # noqa: S603 - our own program
        try:
            code = setting_up.wait()
        except BaseException:
            setting_up.terminate()
            setting_up.wait()
            raise
    if code:
        raise FrontdeskError("Setting up did not finish; its message stands above. Run the same command again.")


@contextlib.contextmanager
def closing_down(desk: Frontdesk) -> Iterator[None]:
    """Follows the knowledge base and forgets what is due, until the block ends."""
    stop = threading.Event()

    def forget() -> None:
        while not stop.is_set():
            try:
                desk.forget()
            except Exception:
                log.exception("raw text whose time has passed could not be deleted; tried again in an hour")
            stop.wait(HOUR)

    desk.knowledge.index.watch()
    sweeping = threading.Thread(target=forget, name="forget", daemon=True)
    sweeping.start()
    try:
        yield
    finally:
        stop.set()
        desk.close()
