# The Dockerfile's image, and TensorFlow: what `uses: .../tensorflow@...` runs.
# Instructions that every builder knows: no external syntax, no cache mounts.
FROM python:3.11-slim-bookworm AS interpreters

WORKDIR /build
COPY requirements/bootstrap.txt requirements/torch.txt requirements/
COPY scripts/bootstrap scripts/
RUN scripts/bootstrap python3 /build/cache

COPY requirements/main.txt requirements/optimum.txt requirements/
COPY scripts/interpreters scripts/slim.py scripts/
# One layer: hard links between the interpreters do not outlive the layer that they are made in.
RUN scripts/interpreters python3 /build/cache /opt/venv /app/src \
    && python3 scripts/slim.py /opt/venv /opt/venv-optimum

# TensorFlow's interpreter, in a layer of its own: all above and below it is the other image's.
FROM interpreters AS tensorflow
COPY requirements/tensorflow.txt requirements/
RUN scripts/interpreters python3 /build/cache /opt/venv /app/src tensorflow \
    && python3 scripts/slim.py /opt/venv-tensorflow

FROM python:3.11-slim-bookworm

# The runner starts the container as root; workers become the user named here (nobody), who can read everything.
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    ORT_DISABLE_TELEMETRY=1 \
    ONNX_EXPORT_WORKER_UID=65534
LABEL org.opencontainers.image.title=onnx-export-action \
    org.opencontainers.image.description="Exports a model to ONNX, and proves that the file gives the model's answers" \
    org.opencontainers.image.licenses=Apache-2.0
COPY --from=interpreters /opt /opt
COPY --from=tensorflow /opt/venv-tensorflow /opt/venv-tensorflow
COPY entrypoint.py /app/
COPY src /app/src
RUN ["/opt/venv/bin/python", "-m", "compileall", "-q", "/app/src"]
ENTRYPOINT ["/opt/venv/bin/python", "/app/entrypoint.py"]
