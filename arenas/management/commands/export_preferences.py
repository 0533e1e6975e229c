from arenas.exports.tables import export_preferences
from arenas.management.export import ExportCommand


class Command(ExportCommand):
    help = "Write the arena's preference pairs as CSV, JSON lines or Parquet."
    export = staticmethod(export_preferences)
