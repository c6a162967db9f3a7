#!/bin/bash
# SPDX-License-Identifier: MIT
# Measure this bundle: run_canonical.sh [OUT], see ../../run_bundle.sh.
exec "$(dirname "${BASH_SOURCE[0]}")/../../run_bundle.sh" text_medium "$@"
