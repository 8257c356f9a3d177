"""What the HTTP routes say where they cannot do what they are asked, in English and Chinese."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from fastapi import Request
from fastapi.responses import JSONResponse

from chatbot.messages import Language
from chatbot.web.texts import LIMIT, TEXTS, preferred_language

ENGLISH: Mapping[str, str] = MappingProxyType(
    {
        "not_json": 'The body is not JSON. Send a JSON object: {"sender": "...", "message": "..."}.',
        "no_json_type": "Say what is sent: Content-Type: application/json.",
        "malformed": "{field}: {fault}. Send {wanted}.",
        "wanted_of_webhook": '{"sender": 1 to 128 printable characters, "message": a text, "metadata": an object}',
        "wanted_of_parse": '{"text": 1 to {limit} characters, "message_id": a text or nothing}',
        "empty": "Your message was empty. Please write your question in your own words.",
        "no_token": "This needs a token: ?token=... or the header Authorization: Bearer ...",
        "api_off": "This is switched off. The operator can switch it on by setting CHATBOT_API_TOKEN.",
    }
)

CHINESE: Mapping[str, str] = MappingProxyType(
    {
        "not_json": '请求正文不是 JSON。请发送 JSON 对象：{"sender": "...", "message": "..."}。',
        "no_json_type": "请注明内容类型：Content-Type: application/json。",
        "malformed": "{field}：{fault}。请发送 {wanted}。",
        "wanted_of_webhook": '{"sender": 1 到 128 个可显示字符, "message": 文本, "metadata": 对象}',
        "wanted_of_parse": '{"text": 1 到 {limit} 个字符, "message_id": 文本或省略}',
        "empty": "您发送的消息是空的，请用自己的话写下您的问题。",
        "no_token": "需要令牌：?token=... 或请求头 Authorization: Bearer ...",
        "api_off": "此接口已关闭。运营者可设置 CHATBOT_API_TOKEN 来启用。",
    }
)

PROBLEMS: Mapping[Language, Mapping[str, str]] = MappingProxyType({"en": ENGLISH, "zh": CHINESE})


class Problem(Exception):  # noqa: N818 - it is an answer, not a fault
    """A request that is answered with `{"error": {"code", "message"}}`, in the language that the caller prefers."""

    def __init__(
        self,
        request: Request,
        status: int,
        code: str,
        key: str,
        headers: Mapping[str, str] = MappingProxyType({}),
        **values: str,
    ) -> None:
        """key: of the text; values: for its places."""
        self.status, self.code, self.headers = status, code, headers
        self.message = told(language_of_caller(request), key, **values)
        super().__init__(code)


def told(language: Language, key: str, **values: str) -> str:
    """The text of that key, of these routes or of the chat page, with its places filled in."""
    text = PROBLEMS[language].get(key) or TEXTS[language][key]
    for name, value in {"limit": f"{LIMIT:,}", **values}.items():
        text = text.replace(f"{{{name}}}", value)
    return text


def language_of_caller(request: Request) -> Language:
    """By Accept-Language."""
    return preferred_language(request.headers.get("accept-language", ""))


def problem_response(request: Request, problem: Exception) -> JSONResponse:
    """For FastAPI's table of exceptions."""
    if not isinstance(problem, Problem):
        raise problem
    headers = {"Cache-Control": "no-store", **problem.headers}
    return JSONResponse({"error": {"code": problem.code, "message": problem.message}}, problem.status, headers)
