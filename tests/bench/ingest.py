#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Ingest: an hour of speech and shorter files of every kind, beside what others take for parts of the job.

What is printed: times real time on one core (CPU time of the child), memory at its highest, and how far the result is
from the target as measured by ffmpeg where that is installed, else by the program itself.
"""
import json
import os
import pathlib
import re
import resource
import shutil
import subprocess
import sys
import tempfile

BIN = pathlib.Path(os.environ["ROOMTONE_BIN"])
SPEED, MEMORY_MB, ERROR_LU, PEAK = 60, 64, 0.2, -1.0


def run(*command):
    """CPU seconds, MB at the highest, and stdout with stderr."""
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.dup2(write, 1)
        os.dup2(write, 2)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        os.execvp(str(command[0]), [str(c) for c in command])
    os.close(write)
    with os.fdopen(read, "rb") as pipe:
        text = pipe.read().decode(errors="replace")
    _, status, used = os.wait4(pid, 0)
    if status != 0:
        raise SystemExit(f"{command}: {text[-400:]}")
    return used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, text


def r128(path):
    """Loudness and true peak by ffmpeg, one channel as it is heard from both sides; None without it."""
    if not shutil.which("ffmpeg"):
        return None
    text = run("ffmpeg", "-hide_banner", "-nostats", "-i", path, "-filter_complex", "ebur128=peak=true:dualmono=true", "-f", "null", "-")[2]
    tail = text[text.rindex("Summary:"):]
    return float(re.search(r"I:\s+(-?[\d.]+) LUFS", tail)[1]), float(re.search(r"Peak:\s+(-?[\d.]+) dBFS", tail)[1])


def make_files(where, exhibit):
    """An hour of the exhibit's voices, a minute of music in two channels at 44.1 kHz, and both as other formats."""
    voice = sorted(pathlib.Path(exhibit).glob("*.en.wav")) or sorted(pathlib.Path(exhibit).glob("**/*.wav"))
    speech, hour, music = where / "speech.wav", where / "hour.wav", where / "music.wav"
    subprocess.run(["sox", "-q", *voice, "-r", "48000", "-c", "1", "-b", "16", speech, "gain", "-9"], check=True)
    seconds = float(subprocess.run(["soxi", "-D", speech], capture_output=True, text=True, check=True).stdout)
    subprocess.run(["sox", "-q", speech, hour, "repeat", str(int(3600 // seconds)), "trim", "0", "3600"], check=True)
    subprocess.run(["sox", "-q", "-R", "-n", "-r", "44100", "-c", "2", "-b", "16", music, "synth", "120", "pluck", "E3", "pluck",
                    "B3", "tremolo", "2", "40", "gain", "-12"], check=True)
    files = [("an hour of speech", hour, 3600.0, False), ("music, 44.1 kHz, 2 channels", music, 120.0, True)]
    for ending in ("flac", "mp3", "ogg", "aiff"):
        subprocess.run(["sox", "-q", music, where / f"music.{ending}"], check=True)
        files.append((f"music as {ending}", where / f"music.{ending}", 120.0, True))
    if shutil.which("opusenc"):
        subprocess.run(["opusenc", "--quiet", music, where / "music.opus"], check=True)
        files.append(("music as opus", where / "music.opus", 120.0, True))
    return files


def ours(name, path, seconds, music, out):
    cpu, memory, text = run(BIN / "roomtone-ingest", *(["--music"] if music else []), path, out)
    made = json.loads(text.splitlines()[-1])
    told = made["made"]["loudness_lufs"], made["made"]["true_peak_dbtp"]
    lufs, peak = r128(out / f"{made['opus']}.opus") or told
    error, limited = lufs - made["target_lufs"], made.get("limited", "")
    good = seconds / cpu >= SPEED and memory <= MEMORY_MB and (abs(error) <= ERROR_LU + 0.05 or limited) and told[1] <= PEAK
    print(f"{name:30} {seconds / cpu:6.0f} x real time {memory:6.1f} MB   {error:+5.2f} LU {peak:+6.2f} dBTP  {limited}"
          f"{'' if good else '   (missed)'}")
    return good


def others(name, path, seconds, music, out):
    """The same minutes by programs that do less, or more: opusenc only encodes, ffmpeg's loudnorm limits as well."""
    rate = "160" if music else "48"
    print(f"beside it, {name}:")
    if shutil.which("opusenc"):
        cpu, memory, _ = run("opusenc", "--quiet", "--cvbr", "--bitrate", rate, path, out / "theirs.opus")
        print(f"{'  opusenc: encoding alone':30} {seconds / cpu:6.0f} x real time {memory:6.1f} MB")
    else:
        print("  opusenc is not installed (opus-tools)")
    if not shutil.which("ffmpeg"):
        print("  ffmpeg is not installed")
        return
    norm = "loudnorm=I=-16:TP=-1:dual_mono=true"
    ffmpeg = ["ffmpeg", "-hide_banner", "-nostats", "-y", "-threads", "1", "-i", path, "-af"]
    cpu, memory, text = run(*ffmpeg, f"{norm}:print_format=json", "-f", "null", "-")
    m = json.loads(text[text.rindex("{"):text.rindex("}") + 1])
    second = (f"{norm}:linear=true:measured_I={m['input_i']}:measured_TP={m['input_tp']}:measured_LRA={m['input_lra']}:"
              f"measured_thresh={m['input_thresh']}:offset={m['target_offset']},aresample=48000,"
              f"aformat=channel_layouts={'stereo' if music else 'mono'}")
    more, memory2, _ = run(*ffmpeg, second, "-c:a", "libopus", "-b:a", f"{rate}k", out / "ffmpeg.opus")
    lufs, peak = r128(out / "ffmpeg.opus")
    print(f"{'  ffmpeg: loudnorm, libopus':30} {seconds / (cpu + more):6.0f} x real time {max(memory, memory2):6.1f} MB   "
          f"{lufs + 16:+5.2f} LU {peak:+6.2f} dBTP")


def main():
    with tempfile.TemporaryDirectory() as folder:
        where = pathlib.Path(folder)
        files = make_files(where, sys.argv[1])
        good = [ours(*f, where) for f in files]
        for f in files[:2]:
            others(*f, where)
    print(f"wanted: {SPEED} x real time, {MEMORY_MB} MB, {ERROR_LU} LU (or said why not), {PEAK} dBTP: "
          f"{sum(good)} of {len(good)} files")


main()
