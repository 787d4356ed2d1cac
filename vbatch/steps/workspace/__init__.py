"""Where a run works before anything of it is visible, and how it becomes visible at once."""

from vbatch.steps.workspace.folder import Workspace, abandoned, publish, seal, workspace
from vbatch.steps.workspace.journal import note_part, noted_parts, part_files

__all__ = ["Workspace", "abandoned", "note_part", "noted_parts", "part_files", "publish", "seal", "workspace"]
