# Two stages: a wheel and its pinned dependencies, then a small image that runs as nobody and writes only to /data.
FROM python:3.13-slim AS build
WORKDIR /app
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
COPY requirements.lock requirements.runtime.lock ./
RUN python -m venv /tools && /tools/bin/pip install --require-hashes -r requirements.lock
RUN python -m venv /venv && /venv/bin/pip install --require-hashes -r requirements.runtime.lock
COPY pyproject.toml README.md LICENSE alembic.ini ./
COPY migrations ./migrations
COPY src ./src
RUN /tools/bin/python -m hatchling build -t wheel -d /dist && /venv/bin/pip install --no-deps /dist/*.whl

FROM python:3.13-slim
RUN useradd --uid 65533 --create-home tieline && install -d -o tieline -m 0700 /data
COPY --from=build /venv /venv
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 TIELINE_DATA_DIR=/data TIELINE_HOST=0.0.0.0
USER tieline
WORKDIR /data
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=5s --timeout=2s --start-period=20s CMD ["tieline", "doctor", "--ready", "http://127.0.0.1:8000"]
ENTRYPOINT ["tieline"]
CMD ["serve"]
