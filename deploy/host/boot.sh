#!/bin/bash
# Makes a machine the host of its slot: fetches the release, checks it, puts it in place and starts it.
#
#   boot.sh SLOT RELEASE
#
# RELEASE is the line in the parameter store: `VERSION boot=SHA256 aarch64=SHA256 x86_64=SHA256`. Where this machine is
# stands in /etc/latchkey/region.env, which the launch template writes. Running it again with the same words changes
# nothing; with others it goes to that release, which interrupts the games of this slot for some seconds: `latchkey hosts
# roll` replaces the machine instead, after its rooms are elsewhere.
#
# LATCHKEY_ROOT puts everything below another folder and leaves the running system alone: no unit is started and no package
# installed. That is for trying it out.
set -euo pipefail
umask 022

root=${LATCHKEY_ROOT:-}
here() { printf '%s%s' "$root" "$1"; }
say() { echo "latchkey: $*" >&2; }
fail() { say "$*"; exit 1; }
# What changes the running system and not its files.
running() { if [[ -z $root ]]; then "$@"; else say "left out: $*"; fi; }

[[ $# -eq 2 ]] || fail "expected two words, the slot and the line of the release"
slot=$1
release=$2
[[ $slot =~ ^[1-9][0-9]?$ && $slot -le 90 ]] || fail "not a slot: '$slot'; expected a number from 1 to 90"

# The line decides what runs here as root, so it is taken apart strictly.
sha='[0-9a-f]{64}'
form="^([0-9A-Za-z][0-9A-Za-z.+-]{0,63}) boot=($sha) aarch64=($sha) x86_64=($sha)\$"
[[ $release =~ $form ]] || fail "not a release: expected VERSION boot=SHA256 aarch64=SHA256 x86_64=SHA256, got '$release'"
version=${BASH_REMATCH[1]}
machine=${LATCHKEY_MACHINE:-$(uname -m)}
case $machine in
  aarch64) wanted=${BASH_REMATCH[3]} ;;
  x86_64) wanted=${BASH_REMATCH[4]} ;;
  *) fail "there is no release for machines of the kind $machine; take one of aarch64 or x86_64" ;;
esac

settings=$(here /etc/latchkey/region.env)
[[ -r $settings ]] || fail "$settings is not there; the launch template writes it"
# shellcheck source=/dev/null
. "$settings"
for name in AWS_REGION LATCHKEY_ARTIFACTS LATCHKEY_ENVIRONMENT LATCHKEY_HOME_REGION LATCHKEY_LOG_GROUP LATCHKEY_PLAY_HOST; do
  [[ -n ${!name:-} ]] || fail "$settings does not say $name"
done

# --- the release -----------------------------------------------------------------------------------------------------
# A folder that is there was checked before it got its name, so it is whole.
releases=$(here /opt/latchkey)
folder=$releases/$version-${wanted:0:12}
mkdir -p "$releases"
if [[ ! -d $folder ]]; then
  work=$(mktemp -d "$releases/.new.XXXXXX")
  trap 'rm -rf "$work"' EXIT
  source=s3://$LATCHKEY_ARTIFACTS/hosts/$version/latchkey-host-$machine.tar.gz
  say "fetching $source"
  for try in 1 2 3 4 5 last; do
    if aws s3 cp --only-show-errors --region "$LATCHKEY_HOME_REGION" "$source" "$work/release.tar.gz"; then break; fi
    [[ $try != last ]] || fail "$source cannot be fetched: see whether the version was published, and the role's rights"
    sleep "${LATCHKEY_PAUSE:-5}"
  done
  found=$(sha256sum "$work/release.tar.gz")
  found=${found%% *}
  [[ $found == "$wanted" ]] || fail "$source has the SHA-256 $found, and the release wants $wanted: it was changed or is broken, and nothing of it is run"
  mkdir "$work/whole"
  tar --extract --gzip --file "$work/release.tar.gz" --directory "$work/whole" --no-same-owner --no-same-permissions
  for file in gamehost latchkey-host.service agent.json sysctl.conf logrotate.conf; do
    [[ -f $work/whole/$file ]] || fail "$source lacks $file"
  done
  chmod 0755 "$work/whole" "$work/whole/gamehost"
  mv "$work/whole" "$folder"
fi
ln --symbolic --force --no-dereference "$folder" "$releases/current.new"
mv --no-target-directory "$releases/current.new" "$releases/current"

# --- settings --------------------------------------------------------------------------------------------------------
# The machine's own number is for ending its group's wait; everything else follows from region and slot.
instance=${LATCHKEY_INSTANCE:-}
if [[ -z $instance ]]; then
  imds=http://169.254.169.254/latest
  session=$(curl -sSf --retry 5 -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 60' $imds/api/token)
  instance=$(curl -sSf --retry 5 -H "X-aws-ec2-metadata-token: $session" $imds/meta-data/instance-id)
fi
# Half of the memory for records that are not stored, and no more than a host would take by itself: a small machine must
# refuse records before its unit's limit ends the process.
unstored=$(awk '/^MemTotal:/ {half = $2 * 512; most = 2 * 1024 ^ 3; printf "%.0f", half < most ? half : most}' /proc/meminfo)
cat > "$(here /etc/latchkey/host.env)" <<END
LATCHKEY_ADMIN_LISTEN=127.0.0.1:8081
LATCHKEY_INSTANCE=$instance
LATCHKEY_JOURNAL=/var/lib/latchkey/journal
LATCHKEY_LIFECYCLE_HOOK=leave
LATCHKEY_LISTEN=0.0.0.0:8080
LATCHKEY_LOG=warn,latchkey=info
LATCHKEY_METADATA=http://169.254.169.254
LATCHKEY_SCALING_GROUP=latchkey-$LATCHKEY_ENVIRONMENT-slot-$slot
LATCHKEY_SLOT=$slot
LATCHKEY_UNSTORED_BYTES=$unstored
LATCHKEY_URL=wss://$LATCHKEY_PLAY_HOST/s/$slot/room
LATCHKEY_VERSION=$version
END

mkdir -p "$(here /etc/systemd/system)" "$(here /etc/sysctl.d)" "$(here /etc/logrotate.d)" "$(here /var/log/latchkey)"
install -m 0644 "$folder/latchkey-host.service" "$(here /etc/systemd/system/latchkey-host.service)"
install -m 0644 "$folder/sysctl.conf" "$(here /etc/sysctl.d/90-latchkey.conf)"
install -m 0644 "$folder/logrotate.conf" "$(here /etc/logrotate.d/latchkey)"
sed "s|@LOG_GROUP@|$LATCHKEY_LOG_GROUP|; s|@SLOT@|$slot|; s|@INSTANCE@|$instance|" "$folder/agent.json" > "$(here /etc/latchkey/agent.json)"

# --- start -----------------------------------------------------------------------------------------------------------
running sysctl --quiet --system
running systemctl daemon-reload
running systemctl enable --quiet latchkey-host.service
running systemctl restart latchkey-host.service
say "slot $slot of $AWS_REGION runs $version"

# Logs and figures leave the machine by Amazon's agent. It comes last, because games do not wait for it, and a failure to
# install it must not keep the host from running; the alarm that no figures come in shows it.
agent=/opt/aws/amazon-cloudwatch-agent/bin/amazon-cloudwatch-agent-ctl
if ! { running dnf install --assumeyes --quiet amazon-cloudwatch-agent &&
  running "$agent" -a fetch-config -m ec2 -s -c "file:$(here /etc/latchkey/agent.json)"; }; then
  say "the agent that ships logs and figures could not be started; the host runs without it"
fi
