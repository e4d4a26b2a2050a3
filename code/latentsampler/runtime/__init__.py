"""What stands below data and experiments alike: records on disk, parallel work, optional libraries."""
