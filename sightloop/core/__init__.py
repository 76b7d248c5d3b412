"""The words every floor uses: records, errors, ports and pure decisions."""
