"""Makes snapshots of models from reports, printed summaries, JSON reports and model files."""
