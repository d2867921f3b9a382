"""The screens: the only place that imports Kivy. `boot` comes first, always."""
