# docker build --tag lpb .            the server, for others to connect to
# docker build --target native .      the same with the Lean proofs checked and built natively
FROM python:3.12-slim-bookworm AS native
RUN apt-get update \
    && apt-get install --yes --no-install-recommends \
        binutils ca-certificates curl gcc git libc6-dev libzmq3-dev pkg-config \
    && rm -rf /var/lib/apt/lists/*
RUN curl -sSfL https://elan.lean-lang.org/elan-init.sh -o /tmp/elan-init.sh \
    && sh /tmp/elan-init.sh -y --default-toolchain none \
    && rm /tmp/elan-init.sh
ENV PATH=/opt/lpb/bin:/root/.elan/bin:$PATH
WORKDIR /src
COPY . .
# What is installed is pinned by content: `make lock` writes the file.
RUN python -m venv /opt/lpb \
    && pip install --no-cache-dir --disable-pip-version-check --require-hashes --requirement requirements/image.txt \
    && pip install --no-cache-dir --disable-pip-version-check --no-deps --no-build-isolation --editable . \
    && lpb build --engine lake \
    && pip uninstall --yes lean-python-bridge \
    && LPB_COMPILE=1 pip install --no-cache-dir --disable-pip-version-check --no-deps --no-build-isolation . \
    && pip uninstall --yes mypy

FROM python:3.12-slim-bookworm
RUN useradd --create-home --uid 10001 lpb
COPY --from=native /opt/lpb /opt/lpb
ENV PATH=/opt/lpb/bin:$PATH LPB_ENDPOINT=tcp://127.0.0.1:5555 LPB_LOG_FORMAT=json
USER lpb
WORKDIR /home/lpb
EXPOSE 5555 5556
HEALTHCHECK --interval=10s --timeout=10s --start-period=10s \
    CMD ["lpb", "call", "ping", "--endpoint", "tcp://127.0.0.1:5555", "--timeout", "3", "--tries", "1"]
ENTRYPOINT ["lpb"]
CMD ["serve"]
