"""What the parts of a recipe are made of."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Fraction = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[float, Field(gt=0)]
Count = Annotated[int, Field(ge=1)]


class Strict(BaseModel):
    """A part of a recipe: a key that it does not know is refused, and nothing changes later."""

    model_config = ConfigDict(extra="forbid", frozen=True)
