"""vbatch moves vouchers from one platform to another and accounts for every record.

The names below are the whole public API. They are imported when they are first used, so that `import vbatch` stays fast.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from vbatch.catalog import layout, target
    from vbatch.errors import (
        LayoutError,
        OutputError,
        PipelineError,
        RegistryBusyError,
        RegistryError,
        SourceError,
        VbatchError,
        VerificationError,
    )
    from vbatch.model.fault import Fault, Severity
    from vbatch.model.layout import Dialect, Field, Layout, Unmapped
    from vbatch.model.options import Options
    from vbatch.model.pipeline import Pipeline
    from vbatch.model.report import Report
    from vbatch.model.target import Target
    from vbatch.model.voucher import Amount, Code, Discount, GiftCard, LoyaltyCard, MixedVoucher, Timestamp, Voucher
    from vbatch.run import load, validate, verify

__version__ = "0.1.0"

_HOMES = {
    "vbatch.catalog": ("layout", "target"),
    "vbatch.errors": (
        "LayoutError",
        "OutputError",
        "PipelineError",
        "RegistryBusyError",
        "RegistryError",
        "SourceError",
        "VbatchError",
        "VerificationError",
    ),
    "vbatch.model.fault": ("Fault", "Severity"),
    "vbatch.model.layout": ("Dialect", "Field", "Layout", "Unmapped"),
    "vbatch.model.options": ("Options",),
    "vbatch.model.pipeline": ("Pipeline",),
    "vbatch.model.report": ("Report",),
    "vbatch.model.target": ("Target",),
    "vbatch.model.voucher": ("Amount", "Code", "Discount", "GiftCard", "LoyaltyCard", "MixedVoucher", "Timestamp", "Voucher"),
    "vbatch.run": ("load", "validate", "verify"),
}

__all__ = [
    "Amount",
    "Code",
    "Dialect",
    "Discount",
    "Fault",
    "Field",
    "GiftCard",
    "Layout",
    "LayoutError",
    "LoyaltyCard",
    "MixedVoucher",
    "Options",
    "OutputError",
    "Pipeline",
    "PipelineError",
    "RegistryBusyError",
    "RegistryError",
    "Report",
    "Severity",
    "SourceError",
    "Target",
    "Timestamp",
    "Unmapped",
    "VbatchError",
    "VerificationError",
    "Voucher",
    "layout",
    "load",
    "target",
    "validate",
    "verify",
]


def __getattr__(name: str) -> Any:
    for module, names in _HOMES.items():
        if name in names:
            return getattr(import_module(module), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
