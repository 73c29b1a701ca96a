import falcon.asgi
from shared import CHUNK, CHUNK_COUNT, FILE


class Json:
    async def on_get(self, req, resp):
        resp.media = {"message": "Hello, World!"}


class User:
    async def on_get(self, req, resp, id):
        resp.media = {"id": id}


class Items:
    async def on_post(self, req, resp):
        resp.media = {"items": len((await req.get_media())["items"])}


class Upload:
    async def on_post(self, req, resp):
        resp.media = {"size": len(await req.stream.read())}


class File:
    async def on_get(self, req, resp):
        resp.content_type = "application/octet-stream"
        resp.data = FILE.read_bytes()


class Stream:
    async def on_get(self, req, resp):
        async def chunks():
            for _ in range(CHUNK_COUNT):
                yield CHUNK

        resp.stream = chunks()


app = falcon.asgi.App()
app.add_route("/json", Json())
app.add_route("/users/{id}", User())
app.add_route("/items", Items())
app.add_route("/upload", Upload())
app.add_route("/file", File())
app.add_route("/stream", Stream())
