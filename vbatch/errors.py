"""Every exception of vbatch, by what the caller does next.

VbatchError                 could not run; nothing was published, nothing registered   exit code 2
├── PipelineError           mend the pipeline, its schema or its layout
│   └── LayoutError         mend the layout file, at the line named
├── SourceError             mend or replace the export, or name another layout
├── OutputError             free the output folder, its disk or its permissions
├── RegistryError           mend or name another registry file
│   └── RegistryBusyError   try again later                                            exit code 75
└── VerificationError       the files are not what their report says
"""


class VbatchError(Exception):
    """A named failure with a hint; never shown as a traceback.

    Args:
        message: what is wrong, one line.
        hint: what the reader can do about it, one line.
    """

    exit_code = 2

    def __init__(self, message: str, *, hint: str) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class PipelineError(VbatchError):
    """The pipeline, its schema or its options cannot be used."""


class LayoutError(PipelineError):
    """The layout is not valid, or does not fit its own schema."""


class SourceError(VbatchError):
    """A source cannot be read as the layout says."""


class OutputError(VbatchError):
    """The output folder cannot be written or holds something else."""


class RegistryError(VbatchError):
    """The registry file cannot be used."""


class RegistryBusyError(RegistryError):
    """Another process holds the registry; the same call may succeed later."""

    exit_code = 75


class VerificationError(VbatchError):
    """Files of a run differ from what its report claims."""

    exit_code = 1
