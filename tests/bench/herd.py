#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Ten thousand phones lose the server in one instant, and come back: tests/system/test_herd.py in full size."""
import os
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
os.environ.setdefault("ROOMTONE_HERD", "10000")
os.execv(sys.executable, [sys.executable, "-m", "pytest", "-s", "-q", "-p", "no:cacheprovider",
                          str(ROOT / "tests/system/test_herd.py")])
