"""The codes as a file."""

import stat
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from tests_registry_disk import disk_full_at
