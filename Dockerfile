# The HTTP server; docs/serving.md tells how to run it.
FROM python:3.12-slim AS build
RUN python -m venv /opt/lentigo
WORKDIR /src
COPY requirements/serve.txt requirements/
RUN /opt/lentigo/bin/pip install --no-cache-dir --disable-pip-version-check \
    --require-hashes --only-binary :all: -r requirements/serve.txt
COPY pyproject.toml README.md LICENSE NOTICE ./
COPY src src
RUN /opt/lentigo/bin/pip install --no-cache-dir --disable-pip-version-check --no-deps .

FROM python:3.12-slim
COPY --from=build /opt/lentigo /opt/lentigo
ENV PATH=/opt/lentigo/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
USER 10001:10001
WORKDIR /
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s \
    CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8000/healthz', timeout=4)"]
ENTRYPOINT ["lentigo"]
CMD ["serve", "--host", "0.0.0.0", "--port", "8000", "--token-file", "/run/secrets/lentigo-tokens"]
