"""What is wrong with the fields of a file that a person wrote, told by key, in plain words."""

import difflib
import re
from collections.abc import Mapping
from typing import Any, TypeAlias, get_args

from pydantic import BaseModel, ValidationError

Place: TypeAlias = tuple[str | int, ...]

_KIND_OF_VALUE = re.compile(r"constrained-|.*\[")  # pydantic's names, such as tuple[int, int]
_LONGEST = 60  # characters of a value; a whole list of phases would hide the message


def faults_in_words(error: ValidationError, model: type[BaseModel], whole: str) -> str:
    """Return each field's fault: its key, what it should be, what was got.

    Args:
        error: What pydantic says.
        model: What was validated.
        whole: What to call the file where the fault is not in one field.
    """
    told: dict[Place, str] = {}
    for fault in error.errors():
        place, owner = _place(model, fault["loc"])
        told.setdefault(place, _in_words(fault, owner, place))
    # Pydantic also finds fault with a list because of what is in it, and with a field because of
    # each kind of value that it may hold: the deepest place says most.
    deepest = [one for one in told if not any(one == other[: len(one)] != other for other in told)]
    return "; ".join(f"{'.'.join(map(str, one)) or whole}: {told[one]}" for one in deepest)


def _place(model: type[BaseModel], loc: Place) -> tuple[Place, type[BaseModel]]:
    """Return where a fault is, as keys in the file alone, and the model that has the last key."""
    place: list[str | int] = []
    owner = inner = model
    for part in loc:
        if isinstance(part, str):
            if _KIND_OF_VALUE.match(part):
                continue
            owner = inner
            field = inner.model_fields.get(part)
            inner = (field and _model_in(field.annotation)) or inner
        place.append(part)
    return tuple(place), owner


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """Return the model that an annotation holds, such as the phase of a tuple of phases."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next(filter(None, map(_model_in, get_args(annotation))), None)


def _in_words(fault: Mapping[str, Any], owner: type[BaseModel], place: Place) -> str:
    kind, message = fault["type"], str(fault["msg"])
    if kind == "missing":
        return "missing"
    if kind == "value_error":
        return message.removeprefix("Value error, ")
    if kind == "extra_forbidden":
        near = difflib.get_close_matches(str(place[-1]), owner.model_fields, n=1)
        hint = f"did you mean '{near[0]}'? There" if near else "there"
        return f"unknown key; {hint} are: {', '.join(owner.model_fields)}"
    if kind == "model_type":
        inner = _model_in(owner.model_fields[str(place[-1])].annotation) if place else owner
        fields = inner.model_fields.items() if inner else ()
        required = ", ".join(name for name, field in fields if field.is_required())
        message = f"should be a mapping{' with ' * bool(required)}{required}"
    if kind == "too_short":
        message = f"should have at least {fault['ctx']['min_length']} item"
    message = re.sub(r", (unable|got) .*", "", message.removeprefix("Input "))
    got = repr(fault["input"])
    got = got if len(got) <= _LONGEST else f"{got[:_LONGEST]}…"
    return f"{message.replace('a valid tuple', 'a list')}; got {got}"
