# Built in one image, run from another: the final one holds no compiler and no pip.
FROM python:3.13-slim AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /build
COPY pyproject.toml constraints.txt README.md ./
COPY api api
COPY config config
COPY connectors connectors
COPY model model
COPY sandbox sandbox
COPY sync sync
RUN python -m venv /venv \
 && /venv/bin/pip install --constraint constraints.txt . \
 && /venv/bin/pip uninstall --yes muster \
 && rm -rf /venv/bin/pip* /venv/lib/python*/site-packages/pip*

FROM python:3.13-slim
RUN useradd --system --create-home --uid 10001 muster \
 && rm -rf /usr/local/lib/python*/site-packages/pip* /usr/local/bin/pip*
COPY --from=build /venv /venv
WORKDIR /app
COPY --chown=root:root api api
COPY --chown=root:root config config
COPY --chown=root:root connectors connectors
COPY --chown=root:root model model
COPY --chown=root:root sync sync
ENV PATH=/venv/bin:$PATH PYTHONPATH=/app PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    MUSTER_HOME=/home/muster MUSTER_HOST=0.0.0.0 MUSTER_PORT=8000
USER muster
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s \
  CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8000/readyz', timeout=4)"]
ENTRYPOINT ["python", "-m", "api"]
CMD ["up"]
