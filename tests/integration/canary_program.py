"""What a user may do in IPython with a connection, run cell by cell: everything that could show a secret.

Run by ``test_canary.py`` in a process of its own; the secret is in the environment, as it may be for a user.
"""

import os
import sys

os.environ.setdefault("TERM", "dumb")
from IPython.core.interactiveshell import InteractiveShell

from classy_nb.http import retry

CELLS = r"""
%xmode Verbose
---
import copy, logging, os, pickle, pprint, sys, traceback, warnings
logging.basicConfig(level=logging.DEBUG, handlers=[logging.FileHandler("debug.log"), logging.StreamHandler()])
import classy_nb as cn
# IPython shows each name in a line that fails: the environment must not be among them.
nobody, base_url = os.environ["NOBODY"], os.environ["CLASSY_BASE_URL"]
classy = cn.connect(headers={"x-integration-id": os.environ["INTEGRATION"]})
---
classy
---
print(classy, repr(classy), classy._repr_html_(), classy.transactions, classy.transactions._repr_html_())
---
inside = classy._session.http
pprint.pprint([vars(classy), vars(inside), vars(inside.auth), inside._session])
---
%whos
---
%pinfo classy
---
frame = classy.transactions(limit=20, include="supporter")
frame.to_pickle("frame.pkl")
cn.to_csv(frame, "frame.csv")
classy.transactions.to_csv("streamed.csv", limit=20)
print(frame.attrs, frame.head())
---
cn.connect(client_id="wrongClientId123")
---
cn.connect(token_url=nobody + "/oauth2/auth")
---
cn.connect(timezone="Mars/Olympus")
---
cn.connect(base_url=base_url + "/nowhere")
---
classy.get("/transactions")
---
classy.transactions.get(1)
---
%tb
---
classy.transactions(statuss="success")
---
classy.get("/organizations/1/transactions", filter="created_at>2026-01-01T00:00:00.000Z")
---
def in_a_function_of_the_user():
    credentials = classy._session.credentials
    http = classy._session.http
    token = http.auth.token()
    return classy.get("/nowhere/" + str(credentials.organization))
in_a_function_of_the_user()
---
try:
    in_a_function_of_the_user()
except cn.ClassyError as error:
    open("error.pkl", "wb").write(pickle.dumps(error))
    lines = traceback.TracebackException.from_exception(error, capture_locals=True).format()
    open("traceback.txt", "w").write("".join(lines))
    logging.exception("caught")
---
open("connection.pkl", "wb").write(pickle.dumps(classy))
---
open("credentials.pkl", "wb").write(pickle.dumps(classy._session.credentials))
---
open("token.pkl", "wb").write(pickle.dumps(classy._session.http.auth))
---
copied = copy.copy(classy._session.credentials)
print(copied, [copied], {"c": copied}, f"{copied}", "%s" % copied)
---
from cassette import hooks
import vcr
recorder = vcr.VCR(before_record_request=hooks.scrub_request, before_record_response=hooks.scrub_response)
with recorder.use_cassette("tape.yaml"):
    with cn.connect() as taped:
        taped.campaigns(limit=2)
---
with cn.demo(transactions=60, client_secret=os.environ["CLASSY_CLIENT_SECRET"]) as demo:
    print(demo, repr(demo), repr(demo.sandbox), demo.campaigns(limit=1))
---
demo = cn.demo(transactions=60)
demo.get("/transactions")
---
classy.close()
demo.close()
print("the last cell has run")
"""

retry.MOST_REPEATS = 0  # nobody waits here
SHELL = InteractiveShell.instance()
for number, cell in enumerate(CELLS.split("---\n"), 1):
    sys.stdout.write(f"[cell {number}]\n")
    SHELL.run_cell(cell.strip(), store_history=True)
SHELL.history_manager.end_session()
