"""What every answer over HTTP shares: versions and ETags, paging, problems, strict input."""
