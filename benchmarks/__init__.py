"""What Muster is measured with: `python -m benchmarks [NAME…] [--quick]`."""
