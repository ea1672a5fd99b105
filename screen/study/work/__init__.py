"""The work on a study: its shards through all stages, by workers here or on a cluster."""
