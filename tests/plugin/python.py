# SPDX-License-Identifier: MIT
"""
python.py - what test_python.sh does with the module: python.py HERE ELSEWHERE
FOLDER PROVIDER WHAT. HERE is a server of tests/fronts/server.py, with this folder,
and the host of account demo, ELSEWHERE another that is nobody's. A line "ok ..." or
"not ok ..." for each thing.
"""

import asyncio
import io
import pathlib
import select
import sys
import threading
import urllib.request

import valetkey

HERE, ELSEWHERE, FOLDER, CONTROL = sys.argv[1:5]
REFUSE = pathlib.Path(FOLDER, "refuse")
LOG = pathlib.Path(FOLDER, "log")


def check(good, what):
    print("ok" if good else "not ok", "-", what, flush=True)


def raises(kind, result, call, what):
    try:
        call()
    except valetkey.Error as error:
        check(type(error) is kind and error.result == result,
              f"{what}: {type(error).__name__} {error.result}")
        return str(error)
    check(False, f"{what}: nothing was raised")
    return ""


def revoke():
    """No token that was given out is good any more."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    opener.open(CONTROL + "/control/expire", data=b"", timeout=60).read()


def asked():
    return len(LOG.read_text().splitlines())


def test_tokens(handle):
    token = handle.token("demo")
    check(str(token) == token.access_token and len(str(token)) > 20, "a token")
    check(str(token) not in repr(token), "which repr() does not show")
    check(token.account == "demo" and "monitoring" in token.scope and
          token.expires_at is not None, "and what is known of it")
    check(str(handle.token(resource=HERE + "/api")) == str(token), "by a URL")
    check(str(handle.token("demo", min_valid=600, timeout=20,
                           scope="monitoring")) == str(token),
          "all that can be asked for")
    handle.invalidate(token)
    check(str(handle.token("demo")) != str(token), "another after a refusal")
    text = raises(valetkey.PersonError, 20, lambda: handle.token("none"),
                  "no such account")
    check(text, "with a sentence: " + text)
    text = raises(valetkey.PersonError, 21, lambda: handle.token("out"),
                  "not logged in")
    check("valetkey login out" in text, "with what to do: " + text)
    raises(valetkey.PersonError, 27,
           lambda: handle.token("demo", resource=ELSEWHERE), "another host")
    raises(valetkey.PersonError, 22,
           lambda: handle.token("demo", scope="everything"), "a scope")
    raises(valetkey.CallError, 10, handle.token, "neither account nor URL")
    for kind, call, what in (
            (TypeError, lambda: handle.token(5), "a number for a name"),
            (TypeError, lambda: handle.token("demo", scope=["a"]), "a list"),
            (TypeError, lambda: handle.invalidate("x"), "a text for a token"),
            (ValueError, lambda: handle.token("demo\0x"), "a NUL"),
            (ValueError, lambda: handle.token("demo", min_valid=-5),
             "less than nothing"),
            (ValueError, lambda: handle.token("demo", timeout=1e9),
             "more than the library takes")):
        try:
            call()
            check(False, f"{what}: nothing was raised")
        except kind as error:
            check(True, f"{what}: {error}")
    raises(valetkey.LaterError, 32,
           lambda: handle.token("out", cached_only=True), "cached only")
    raises(valetkey.PersonError, 22,
           lambda: handle.token("demo", id_token=True), "without openid")


def test_life():
    with valetkey.Valetkey("a program") as handle:
        token = handle.token("demo")
        kept = handle.token("demo").access_token
    check(str(token) == kept, "a token outlives its handle")
    raises(valetkey.CallError, 10, lambda: handle.token("demo"), "closed")
    handle.close()
    got = []
    with valetkey.Valetkey() as handle:
        threads = [threading.Thread(
            target=lambda: got.extend(str(handle.token("demo"))
                                      for _ in range(200)))
                   for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    check(len(got) == 1600 and len(set(got)) == 1, "eight threads")


async def test_asyncio():
    with valetkey.Valetkey() as handle:
        tokens = await asyncio.gather(*(handle.token_async("demo")
                                        for _ in range(20)))
        check(len(set(map(str, tokens))) == 1, "asyncio: many at once")
        await handle.invalidate_async(tokens[0])
        token = await handle.token_async("demo", resource=HERE)
        check(str(token) != str(tokens[0]), "asyncio: after a refusal")
        try:
            await handle.token_async("out")
            check(False, "asyncio: not logged in")
        except valetkey.PersonError as error:
            check("valetkey login out" in str(error), "asyncio: not logged in")
        task = asyncio.ensure_future(handle.token_async("demo",
                                                        min_valid=9999))
        await asyncio.sleep(0)
        task.cancel()
        try:
            await task
        except asyncio.CancelledError:
            pass
        check(await handle.token_async("demo"), "asyncio: after a canceled one")
    await test_canceled()
    await test_busy()


async def test_canceled():
    """In the very moment in which the answer is there."""
    problems, descriptors = [], []
    asyncio.get_running_loop().set_exception_handler(
        lambda _, context: problems.append(context))
    descriptor_of = valetkey._lib.valetkey_fd
    valetkey._lib.valetkey_fd = lambda wait: (
        descriptors.append(descriptor_of(wait)) or descriptors[-1])
    with valetkey.Valetkey() as handle:
        task = asyncio.ensure_future(handle.token_async("out"))
        await asyncio.sleep(0)
        select.select(descriptors, [], [])
        asyncio.get_running_loop().call_soon(task.cancel)
        await asyncio.wait([task])
    valetkey._lib.valetkey_fd = descriptor_of
    check(task.cancelled() and descriptors and not problems,
          f"asyncio: canceled when it is answered {problems}")


async def test_busy():
    """A handle is not closed under a call, but afterwards it can be."""
    handle = valetkey.Valetkey()
    task = asyncio.ensure_future(handle.token_async("out"))
    await asyncio.sleep(0)
    raises(valetkey.CallError, 12, handle.close, "closed under a call")
    try:
        with handle:
            raise KeyError
    except KeyError:
        check(True, "closed under a call: does not hide an exception")
    try:
        with handle:
            check(handle.token("demo"), "closed under a call: is still open")
        check(False, "closed under a call: at the end of with")
    except valetkey.CallError as error:
        check(error.result == 12, "closed under a call: at the end of with")
    await asyncio.wait([task])
    check(isinstance(task.exception(), valetkey.PersonError),
          "closed under a call: the call goes on")
    handle.close()
    raises(valetkey.CallError, 10, lambda: handle.token("demo"),
           "closed afterwards")


def test_refused(name, get):
    """By a server that takes no token at all."""
    before = asked()
    REFUSE.touch()
    check(get(HERE + "/api").status_code == 401 and asked() == before + 2,
          f"{name}: always refused: twice, no loop")
    try:
        for _ in range(9):
            get(HERE + "/api")
        check(False, f"{name}: refused for ever")
    except valetkey.ReportError as error:
        check("refused 3 new access tokens" in str(error) and
              asked() < before + 9, f"{name}: after three new ones: why")
    REFUSE.unlink()


def test_requests():
    import requests
    session = requests.Session()
    session.auth = valetkey.RequestsAuth("demo")
    check(session.get(HERE + "/api").json() == ["a device"], "requests: let in")
    revoke()
    answer = session.post(HERE + "/api", data=io.BytesIO(b"body"))
    check(answer.ok and len(answer.history) == 1,
          "requests: once more after a 401, with its body")
    revoke()
    answer = session.post(HERE + "/api", data=iter([b"body"]))
    check(answer.status_code == 401, "requests: a body that is gone: the 401")
    raises(valetkey.PersonError, 27, lambda: session.get(ELSEWHERE + "/api"),
           "requests: another host")
    answer = requests.get(HERE + "/elsewhere" + ELSEWHERE + "/api",
                          auth=valetkey.RequestsAuth("demo"))
    check(answer.status_code == 401 and not any(
        "Authorization" in r.request.headers for r in [answer]),
          "requests: a redirect to another host goes without")
    raises(valetkey.PersonError, 21,
           lambda: requests.get(CONTROL, auth=valetkey.RequestsAuth("out")),
           "requests: not logged in")


def test_httpx():
    import httpx
    with httpx.Client(auth=valetkey.HttpxAuth("demo"), timeout=60) as client:
        check(client.get(HERE + "/api").json() == ["a device"], "httpx: let in")
        revoke()
        check(client.post(HERE + "/api", content=b"body").status_code == 200,
              "httpx: once more after a 401")
        raises(valetkey.PersonError, 27, lambda: client.get(ELSEWHERE),
               "httpx: another host")
        answer = client.get(HERE + "/elsewhere" + ELSEWHERE + "/api",
                            follow_redirects=True)
        check(answer.status_code == 401 and
              "Authorization" not in answer.request.headers,
              "httpx: a redirect to another host goes without")
    asyncio.run(test_httpx_async(httpx))


async def test_httpx_async(httpx):
    async with httpx.AsyncClient(auth=valetkey.HttpxAuth("demo"),
                                 timeout=60) as client:
        answers = await asyncio.gather(*(client.get(HERE + "/api")
                                         for _ in range(5)))
        check(all(answer.status_code == 200 for answer in answers),
              "httpx: asynchronously")
        revoke()
        check((await client.get(HERE + "/api")).status_code == 200,
              "httpx: asynchronously, once more after a 401")


def main(what):
    if what == "tokens":
        with valetkey.Valetkey() as handle:
            test_tokens(handle)
        test_life()
        asyncio.run(test_asyncio())
    elif what == "requests":
        test_requests()
    elif what == "httpx":
        test_httpx()
    elif what == "requests-refused":
        import requests
        test_refused(what, lambda url: requests.get(
            url, auth=valetkey.RequestsAuth("demo")))
    else:
        import httpx
        with httpx.Client(auth=valetkey.HttpxAuth("demo")) as client:
            test_refused(what, client.get)


main(sys.argv[5])
