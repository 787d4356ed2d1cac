from hypothesis import Phase, settings

# The same few examples in every run: what fails in one place fails everywhere, and nothing is left behind in the working copy.
PHASES = (Phase.explicit, Phase.generate, Phase.shrink)
settings.register_profile("vbatch", max_examples=10, deadline=None, derandomize=True, database=None, phases=PHASES)
# For an evening: pytest --hypothesis-profile=deep tests/properties
settings.register_profile("deep", max_examples=500, deadline=None, database=None, phases=PHASES)
settings.load_profile("vbatch")
