from flask import Flask, Response, request, send_file
from shared import CHUNK, CHUNK_COUNT, FILE

app = Flask(__name__)


@app.get("/json")
def json_():
    return {"message": "Hello, World!"}


@app.get("/users/<id>")
def user(id):
    return {"id": id}


@app.post("/items")
def items():
    return {"items": len(request.get_json()["items"])}


@app.post("/upload")
def upload():
    return {"size": len(request.get_data())}


@app.get("/file")
def file():
    return send_file(FILE)


@app.get("/stream")
def stream():
    return Response((CHUNK for _ in range(CHUNK_COUNT)), mimetype="application/octet-stream")
