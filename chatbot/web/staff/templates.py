"""Routes of the responses that staff may edit: list, one, save, history, back to an earlier revision."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field

from chatbot.dialogue.domain import Variant
from chatbot.dialogue.responses import allowed_places
from chatbot.dialogue.rules import Rules
from chatbot.dialogue.templates import (
    Saved,
    Template,
    TemplateChangedError,
    TemplateRefusedError,
    Templates,
    UnknownTemplateError,
)
from chatbot.messages import Button, Slot
from chatbot.reply.uses import uses
from chatbot.web.staff.answers import Audit, Problem, Signed, needs

Reader = Annotated[Signed, Depends(needs("agent"))]
Editor = Annotated[Signed, Depends(needs("editor"))]
SlotName = Annotated[str, Field(max_length=100)]
Problems = Callable[[str], list[str]]
"""What is wrong with a text as Markdown: links that are no http(s), mailto or tel, raw HTML."""


class Body(BaseModel):
    """Part of a request. The bounds only keep memory small; what a text may hold is told by the domain's rules."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


class ButtonBody(Body):
    """A quick reply."""

    title: str = Field(max_length=200)
    payload: str = Field(max_length=2000)


class VariantBody(Body):
    """A wording, and the values of slots for which it is meant."""

    text: str = Field(max_length=20_000)
    buttons: list[ButtonBody] = Field(default_factory=list, max_length=20)
    image: str = Field("", max_length=2000)
    conditions: dict[SlotName, Slot] = Field(default_factory=dict, max_length=20)

    def variant(self) -> Variant:
        """As the domain has it."""
        buttons = tuple(Button(button.title, button.payload) for button in self.buttons)
        return Variant(self.text, buttons, self.image, self.conditions)


class EditBody(Body):
    """The variants as they are to be, and the revision that was edited."""

    variants: list[VariantBody] = Field(max_length=50)
    revision: int = Field(ge=0)


class BackBody(Body):
    """The revision to go back to (0: the file's), and the one that is seen now."""

    to: int = Field(ge=0)
    revision: int = Field(ge=0)


def template_routes(templates: Templates, problems: Problems, audit: Audit, rules: Rules) -> APIRouter:
    """The routes. problems: of a text as Markdown. rules: tell which intents lead to a response."""
    router = APIRouter(prefix="/templates")

    @router.get("")
    def every(_: Reader) -> dict[str, Any]:
        return {"templates": [template_json(template) for template in templates.all()]}

    @router.get("/{name}")
    def one(name: str, _: Reader) -> dict[str, Any]:
        with told():
            template = templates.get(name)
        domain = templates.domain
        used_by = [{"kind": use.kind, "name": use.name} for use in uses(name, domain, rules)]
        return {
            "template": template_json(template),
            "used_by": used_by,
            "places": sorted(allowed_places(domain.responses[name], domain)),
        }

    @router.put("/{name}")
    def save(name: str, sent: EditBody, signed: Editor) -> dict[str, Any]:
        variants = [each.variant() for each in sent.variants]
        check_markdown(name, variants, problems)
        with told():
            saved = templates.save(name, variants, sent.revision, signed.name)
        if saved.template.revision != sent.revision:
            audit(signed.name, "template.updated", name, f"revision {saved.template.revision}")
        return saved_json(saved)

    @router.get("/{name}/history")
    def history(name: str, _: Reader) -> dict[str, Any]:
        with told():
            revisions = templates.history(name)
        return {"revisions": [revision_json(template) for template in revisions]}

    @router.post("/{name}/back")
    def back(name: str, sent: BackBody, signed: Editor) -> dict[str, Any]:
        with told():
            saved = templates.back(name, sent.to, sent.revision, signed.name)
        if saved.template.revision != sent.revision:
            detail = f"revision {saved.template.revision}, as revision {sent.to}"
            audit(signed.name, "template.restored", name, detail)
        return saved_json(saved)

    return router


def check_markdown(name: str, variants: Sequence[Variant], problems: Problems) -> None:
    """Raises Problem 400 for a text that would not be shown as it was meant."""
    found = [f"Response '{name}': {problem}" for variant in variants for problem in problems(variant.text)]
    if found:
        raise Problem(400, "invalid", " ".join(found), problems=found)


@contextmanager
def told() -> Iterator[None]:
    """The store's refusals as answers."""
    try:
        yield
    except UnknownTemplateError as error:
        raise Problem(404, "not_found", str(error)) from error
    except TemplateChangedError as error:
        raise Problem(409, "changed", str(error), now=template_json(error.now)) from error
    except TemplateRefusedError as error:
        raise Problem(400, "invalid", str(error), problems=list(error.flaws)) from error


def saved_json(saved: Saved) -> dict[str, Any]:
    """What a save has made."""
    return {"template": template_json(saved.template), "warnings": list(saved.warnings)}


def template_json(template: Template) -> dict[str, Any]:
    """A response as the console knows it."""
    return {
        "name": template.name,
        "variants": variants_json(template.variants),
        "revision": template.revision,
        "edited": template.edited,
        "updated_at": template.updated_at,
        "updated_by": template.updated_by,
        "unfit": list(template.unfit),
    }


def revision_json(template: Template) -> dict[str, Any]:
    """One revision of it. edited: false where it said what the file says."""
    return {
        "revision": template.revision,
        "at": template.updated_at,
        "by": template.updated_by,
        "edited": template.edited,
        "variants": variants_json(template.variants),
    }


def variants_json(variants: Sequence[Variant]) -> list[dict[str, Any]]:
    """The wordings, as VariantBody reads them."""
    return [
        {
            "text": variant.text,
            "buttons": [{"title": button.title, "payload": button.payload} for button in variant.buttons],
            "image": variant.image,
            "conditions": dict(variant.conditions or {}),
        }
        for variant in variants
    ]
