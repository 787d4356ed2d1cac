"""The verbs: one module, one function. They do not know each other."""
