import orjson
from shared import FILE, HOST, PORT
from socketify import App, AppListenOptions

app = App()


def json_(res, req):
    res.end(orjson.dumps({"message": "Hello, World!"}))


def user(res, req):
    res.end(orjson.dumps({"id": req.get_parameter(0)}))


def file(res, req):
    res.end(FILE.read_bytes())


app.get("/json", json_)
app.get("/users/:id", user)
app.get("/file", file)

if __name__ == "__main__":
    app.listen(AppListenOptions(PORT, HOST))
    app.run()
