"""ESC/POS receipt printers: what each model can do, pages to bytes, and the session that knows what came out."""
