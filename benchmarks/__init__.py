"""What Muster is measured with: `python -m benchmarks [NAME…] [--quick]`."""

import os

os.environ.setdefault("MUSTER_ALLOW_ADDRESSES", "loopback")  # where every tracker measured is
