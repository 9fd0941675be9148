"""``python -m classy_nb`` is ``classy-nb``."""

from classy_nb.cli import main

raise SystemExit(main())
