from arenas.exports.tables import export_votes
from arenas.management.export import ExportCommand


class Command(ExportCommand):
    help = "Write the arena's votes as CSV, JSON lines or Parquet."
    export = staticmethod(export_votes)
