"""``python -m classy_nb`` is ``classy-nb``."""

from .cli import main

raise SystemExit(main())
