from arenas.exports.tables import export_candidates
from arenas.management.export import ExportCommand


class Command(ExportCommand):
    help = "Write the arena's candidates as CSV, JSON lines or Parquet."
    export = staticmethod(export_candidates)
