#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Ten thousand phones lose the server in one instant, and come back: tests/system/test_herd.py in full size.

--tls: over HTTPS, and that alone.
"""
import os
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
TLS = "--tls" in sys.argv[1:]
os.environ.setdefault("ROOMTONE_HERD_TLS" if TLS else "ROOMTONE_HERD", "10000")
os.execv(sys.executable, [sys.executable, "-m", "pytest", "-s", "-q", "-p", "no:cacheprovider",
                          "-k", "over_tls" if TLS else "", str(ROOT / "tests/system/test_herd.py")])
