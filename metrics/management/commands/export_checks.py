from arenas.management.export import ExportCommand
from metrics.results.export import export_checks


class Command(ExportCommand):
    help = "Write the results of checks as CSV, JSON lines or Parquet, a row for each number."
    export = staticmethod(export_checks)
