"""Clients that nobody here wrote: raw sockets, an old Python client, curl, a script in the vendor's way."""

import http.client
import json
import shutil
import socket
import subprocess
from urllib.parse import urlsplit

import pytest


@pytest.fixture
def token(api):
    return api.session.headers["Authorization"].split()[1]


def raw(box, request: bytes) -> bytes:
    host, port = urlsplit(box.base_url).netloc.split(":")
    with socket.create_connection((host, int(port)), timeout=5) as connection:
        connection.sendall(request)
        found = b""
        while not found.endswith(b"0\r\n\r\n"):
            part = connection.recv(65536)
            if not part:
                break
            found += part
    return found


def test_unencoded_operators_in_the_request_line(box, token):
    org = box.organization_id
    for query in ("filter=id>5&per_page=1", "filter=id>5,id<>7&per_page=1", 'filter=name<"|{}^`&per_page=1'):
        head = f"GET /2.0/organizations/{org}/campaigns?{query} HTTP/1.1\r\nHost: {box.netloc}\r\n"
        answer = raw(box, f"{head}Authorization: Bearer {token}\r\n\r\n".encode())
        assert answer.startswith(b"HTTP/1.1 200 "), query


@pytest.mark.parametrize(
    "path",
    [
        "/2.0/organizations/{}/campaigns/",
        "/2.0//organizations/{}//campaigns",
        "//2.0/organizations/{}/campaigns",
        "/api/2.0/organizations/{}/campaigns",
    ],
)
def test_slashes_and_the_other_prefix(box, api, path):
    url = box.base_url.removesuffix("/2.0") + path.format(box.organization_id)
    answer = api.session.get(url, params={"per_page": 2}, timeout=5)
    assert answer.status_code == 200
    body = answer.json()
    assert len(body["data"]) == 2
    following = api.session.get(body["next_page_url"], timeout=5).json()
    assert following["current_page"] == 2


def test_an_old_python_client(box):
    """Query-string token request, GET with a JSON body, keep-alive, next_page_url, + for spaces."""
    connection = http.client.HTTPConnection(urlsplit(box.base_url).netloc, timeout=5)
    ask = f"grant_type=client_credentials&client_id={box.client_id}&client_secret={box.client_secret}"
    connection.request("POST", f"/oauth2/auth?{ask}")
    token = json.loads(connection.getresponse().read())["access_token"]
    local = connection.sock.getsockname()
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    path = f"/2.0/organizations/{box.organization_id}/supporters?per_page=40&filter=country=US&sort=id"
    found = []
    while path:
        connection.request("GET", path, body=json.dumps({"page": 99}), headers=headers)
        body = json.loads(connection.getresponse().read())
        found += [row["id"] for row in body["data"]]
        following = body["next_page_url"]
        path = following and following.replace(f"http://{urlsplit(box.base_url).netloc}", "")
    assert connection.sock.getsockname() == local
    connection.close()
    assert found == [row["id"] for row in box.truth("supporters") if row["country"] == "US"]


def test_spaces_as_plus_and_percent(box, api):
    base = f"{box.base_url}/organizations/{box.organization_id}/campaigns?fields=name&filter=name=Give"
    for space in ("+", "%20"):
        assert api.session.get(f"{base}{space}Today", timeout=5).json()["data"] == [{"name": "Give Today"}]


def test_a_client_that_waits_for_100_continue(box):
    fields = (
        f"grant_type=client_credentials&client_id={box.client_id}&client_secret={box.client_secret}".encode()
    )
    head = (
        b"POST /oauth2/auth HTTP/1.1\r\nHost: %s\r\nExpect: 100-continue\r\n"
        b"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: %d\r\n\r\n"
        % (box.netloc.encode(), len(fields))
    )
    host, port = urlsplit(box.base_url).netloc.split(":")
    with socket.create_connection((host, int(port)), timeout=5) as connection:
        connection.sendall(head)
        assert connection.recv(1000).startswith(b"HTTP/1.1 100 Continue\r\n\r\n")
        connection.sendall(fields)
        assert connection.recv(1000).startswith(b"HTTP/1.1 200 OK")


def test_head(box, api):
    answer = api.session.head(f"{box.base_url}/organizations/{box.organization_id}/campaigns", timeout=5)
    assert (answer.status_code, answer.content) == (200, b"")


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_curl(box, token):
    url = f"{box.base_url}/organizations/{box.organization_id}/transactions?per_page=1&filter=id>5&fields=id"
    done = subprocess.run(
        ["curl", "-s", "-g", "--compressed", "-H", f"Authorization: Bearer {token}", url],
        capture_output=True,
        check=True,
        timeout=10,
    )
    assert json.loads(done.stdout)["total"] == 600


SCRIPT = """
const http = require('http'), querystring = require('querystring');
const [base, id, secret] = process.argv.slice(1);
function ask(method, path, headers, body) {
  return new Promise((resolve, reject) => {
    const request = http.request(base + path, {method, headers}, (answer) => {
      let text = '';
      answer.on('data', (part) => { text += part; });
      answer.on('end', () => resolve({status: answer.statusCode, body: text ? JSON.parse(text) : {}}));
    });
    request.on('error', reject);
    request.end(body);
  });
}
(async () => {
  const fields = {grant_type: 'client_credentials', client_id: id, client_secret: secret};
  const form = querystring.stringify(fields);
  const token = await ask('POST', '/oauth2/auth', {'Content-Type': 'application/x-www-form-urlencoded',
    'Content-Length': Buffer.byteLength(form), Accept: 'application/json'}, form);
  const headers = {Authorization: 'Bearer ' + token.body.access_token, Accept: 'application/json'};
  const apps = await ask('GET', '/2.0/apps/' + id + '/organizations', headers);
  const org = apps.body.data[0].id;
  const qs = querystring.stringify({per_page: 100, with: 'items', filter: 'status=success', sort: 'id:asc'});
  let page = 1, last = 1, sum = 0, rows = 0;
  do {
    const path = '/2.0/organizations/' + org + '/transactions?' + qs + '&page=' + page;
    const list = await ask('GET', path, headers);
    last = list.body.last_page;
    for (const row of list.body.data) {
      rows += 1;
      sum += row.items.reduce((total, item) => total + Math.round(item.final_price * 100), 0);
    }
    page += 1;
  } while (page <= last);
  const denied = await ask('GET', '/2.0/transactions', headers);
  console.log(JSON.stringify({rows, sum, denied: denied.status}));
})();
"""


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
def test_a_script_in_the_way_of_the_vendors_client(box):
    base = box.base_url.removesuffix("/2.0")
    done = subprocess.run(
        ["node", "-e", SCRIPT, base, box.client_id, box.client_secret],
        capture_output=True,
        check=True,
        timeout=30,
    )
    good = [row for row in box.truth("transactions") if row["status"] == "success"]
    assert json.loads(done.stdout) == {
        "rows": len(good),
        "sum": sum(round(row["total_gross_amount"] * 100) for row in good),
        "denied": 403,
    }
