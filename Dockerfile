# The sandbox as an image: docker build -t runflow-mock .
#
# Two stages stand on one base, so that the environment made in the first one works on what the second one leaves of it; any Debian-like image
# with Python 3.11 or newer and its venv module will do. The first one takes binutils from its archive. Behind a proxy or with an index of your
# own, hand pip its settings as secrets, which leave no trace:
#   docker build --secret id=pip.conf,src=pip.conf --secret id=ca.pem,src=ca.pem .
ARG BASE=python:3.13-slim

FROM ${BASE} AS build
WORKDIR /source
# pip works on the environment from beside it, so that it is no part of it.
RUN ["python3", "-m", "venv", "/tools"]
RUN ["python3", "-m", "venv", "--without-pip", "/opt/runflow-mock"]
COPY requirements/run.lock requirements/run.lock
RUN --mount=type=secret,id=pip.conf,target=/etc/pip.conf --mount=type=secret,id=ca.pem,target=/run/secrets/ca.pem \
    /tools/bin/pip --python /opt/runflow-mock/bin/python install --no-cache-dir --require-hashes -r requirements/run.lock
COPY pyproject.toml README.md LICENSE ./
COPY contracts contracts
COPY fixtures fixtures
COPY mock_server mock_server
# What only builds is taken away again, and nothing that stays may miss it.
RUN /tools/bin/pip --python /opt/runflow-mock/bin/python install --no-cache-dir --no-deps --no-build-isolation . \
 && /tools/bin/pip --python /opt/runflow-mock/bin/python uninstall --yes \
        editables hatchling packaging pathspec pluggy tomlkit trove-classifiers \
 && /tools/bin/pip --python /opt/runflow-mock/bin/python check
# A third of it is of no use here: symbols for debuggers (libraries that auditwheel patched are left alone: strip may break them), a codec
# of which no picture is read or made, and compiled lexers of languages that no command colours.
RUN apt-get update -q && apt-get install -y -q --no-install-recommends binutils \
 && find /opt/runflow-mock -name "*.so" -not -path "*.libs/*" -exec strip --strip-unneeded {} + \
 && find /opt/runflow-mock \( -path "*/PIL/_avif.*" -o -path "*/pillow.libs/libavif-*" \) -delete \
 && find /opt/runflow-mock -path "*/pygments/lexers/__pycache__/*" -delete
# Whoever the container runs as may write here.
RUN mkdir -p /folders/scenarios /folders/state /folders/report && chmod 1777 /folders/state /folders/report

FROM ${BASE} AS ground
# Half of the base installs and administers other software. It goes as packages, so that what dpkg and scanners list is what is there; their
# scripts would need each other, and names that another release of Debian has otherwise are looked for by pattern.
RUN rm -f /var/lib/dpkg/info/*.prerm /var/lib/dpkg/info/*.postrm \
 && dpkg --purge --force-all $(dpkg-query --show --showformat='${binary:Package}\n' 2>/dev/null \
        adduser apt bash bsdutils debconf debian-archive-keyring diffutils e2fsprogs findutils gpgv grep gzip hostname init-system-helpers \
        'libapt-pkg*' 'libaudit*' 'libblkid*' 'libcap-ng*' 'libext2fs*' 'libgcrypt*' 'libgnutls*' 'libgpg-error*' 'libhogweed*' 'libidn2*' \
        'libmount*' 'libnettle*' 'libp11-kit*' 'libpam*' 'libseccomp*' 'libsemanage*' 'libsepol*' 'libsmartcols*' 'libss2*' 'libsystemd*' \
        'libtasn1*' 'libudev*' 'libunistring*' 'libxxhash*' login 'login.defs' logsave mawk mount ncurses-bin 'openssl*' passwd perl-base \
        'python3*-distutils' 'python3*-lib2to3' 'python3*-venv' 'python3*-whl' sed sqv sysvinit-utils tar 'util-linux*') >/dev/null
# So do parts of packages: what converts character sets for programs in C, the list of dpkg's files, and what of Python only developers use.
RUN rm -rf /usr/lib/*/gconv /usr/share/zoneinfo/right /var/cache/debconf /var/lib/dpkg/info /var/lib/dpkg/*-old /usr/local/include \
        /usr/lib/python3*/distutils /usr/lib/python3*/lib2to3 /usr/local/lib/python3*/site-packages/pip* \
 && for name in ensurepip idlelib pydoc_data test tkinter turtledemo; do rm -rf /usr/lib/python3*/$name /usr/local/lib/python3*/$name; done \
 && ldconfig

FROM scratch
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="runflow-mock" \
      org.opencontainers.image.description="A faithful local fake of the Runflow API and a contract-testing kit. Unofficial, not affiliated with Runflow." \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
COPY --from=ground / /
COPY --from=build /opt/runflow-mock /opt/runflow-mock
COPY --from=build /folders/ /
# Compiled modules are there already; a read-only root file system has no place for more.
ENV PATH=/opt/runflow-mock/bin:/usr/local/bin:/usr/bin:/bin \
    PYTHONDONTWRITEBYTECODE=1 \
    HOME=/state \
    RUNFLOW_MOCK_HOST=0.0.0.0 \
    RUNFLOW_MOCK_PORT=8787 \
    RUNFLOW_MOCK_STATE=/state \
    RUNFLOW_MOCK_REPORT=/report
# The local CA, and what is written when the sandbox stops; scenarios are mounted at /scenarios.
VOLUME ["/state", "/report"]
WORKDIR /scenarios
USER 10001:10001
EXPOSE 8787 8443
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=5s --timeout=5s --start-period=30s --retries=3 CMD ["runflow-mock", "healthcheck"]
ENTRYPOINT ["runflow-mock"]
CMD ["serve"]
