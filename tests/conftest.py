from hypothesis import Phase, settings

# The same examples in every run: what fails in one place fails everywhere, and nothing is left behind in the working copy.
settings.register_profile("vbatch", phases=[Phase.explicit, Phase.generate, Phase.shrink], deadline=None, derandomize=True, database=None)
settings.load_profile("vbatch")
