"""What a run says: tables, pictures, pages, objectives, comparisons."""

__all__: list[str] = []
