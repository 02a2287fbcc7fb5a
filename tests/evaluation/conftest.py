"""Property tests here take no deadline: a busy machine is not a wrong result."""

from hypothesis import settings

settings.register_profile("evaluation", deadline=None, max_examples=50)
settings.load_profile("evaluation")
