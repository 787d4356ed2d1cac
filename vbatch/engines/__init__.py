"""Who calls examine, and where the parts land."""
