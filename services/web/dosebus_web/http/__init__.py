"""What every answer passes: headers, limits, templates, errors."""
