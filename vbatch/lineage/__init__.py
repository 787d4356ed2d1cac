"""What a run read and wrote, for OpenLineage: facts out of the report, and events where OpenLineage is configured."""

from vbatch.lineage.emit import emitting, told_elsewhere
from vbatch.lineage.facts import Lineage, before, lineage_of

__all__ = ["Lineage", "before", "emitting", "lineage_of", "told_elsewhere"]
