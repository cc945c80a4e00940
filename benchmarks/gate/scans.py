"""Reads CT scans as they lie in packages: a folder of DICOM slices, NRRD and NIfTI files."""

from __future__ import annotations

import gzip
import re
import struct
import zlib
from pathlib import Path

import numpy as np

NIFTI = {2: "u1", 4: "i2", 8: "i4", 16: "f4", 512: "u2"}  # datatype codes of NIfTI-1


def read_scan(path: Path) -> tuple[np.ndarray, tuple[float, float, float]]:
    """Hounsfield units (z from head to feet, y from front to back, x) and the voxel's sides in mm.

    Raises:
        ValueError: what the file holds is not one of the few kinds that the training material has.
    """
    if path.is_dir():
        return _dicom(path)
    return _nrrd(path) if path.suffix == ".nrrd" else _nifti(path)


def _dicom(folder: Path) -> tuple[np.ndarray, tuple[float, float, float]]:
    import pydicom

    slices = sorted((pydicom.dcmread(p) for p in folder.glob("*.dcm")), key=lambda d: -float(d.ImagePositionPatient[2]))
    values = [d.pixel_array * float(d.RescaleSlope) + float(d.RescaleIntercept) for d in slices]
    step = abs(float(slices[0].ImagePositionPatient[2]) - float(slices[1].ImagePositionPatient[2]))
    pixel = float(slices[0].PixelSpacing[0])
    return np.stack(values), (step, pixel, pixel)


def _nrrd(path: Path) -> tuple[np.ndarray, tuple[float, float, float]]:
    """Left-posterior-superior, 16 bit, gzip: the few fields that such a file needs."""
    head, body = path.read_bytes().split(b"\n\n", 1)
    told = dict(re.findall(r"^([\w ]+): (.+?)\r?$", head.decode("latin-1"), re.MULTILINE))
    if (told["type"], told["encoding"], told["space"]) != ("short", "gzip", "left-posterior-superior"):
        raise ValueError(f"{path}: only 16-bit, gzipped, left-posterior-superior NRRD is read here")
    columns, rows, depth = (int(n) for n in told["sizes"].split())
    steps = [float(v) for v in re.findall(r"[-\d.]+", told["space directions"])]
    values = np.frombuffer(zlib.decompress(body, 31), "<i2").reshape(depth, rows, columns)
    return values[::-1], (steps[8], steps[4], steps[0])


def _nifti(path: Path) -> tuple[np.ndarray, tuple[float, float, float]]:
    """NIfTI-1 whose axes lie along those of the patient."""
    data = gzip.decompress(path.read_bytes())
    columns, rows, depth = struct.unpack("<3h", data[42:48])
    kind = NIFTI[struct.unpack("<h", data[70:72])[0]]
    start, slope, inter = (int(struct.unpack("<f", data[108:112])[0]), *struct.unpack("<2f", data[112:120]))
    affine = np.frombuffer(data[280:328], "<f4").reshape(3, 4)
    count = columns * rows * depth
    values = np.frombuffer(data, f"<{kind}", count, start).reshape(depth, rows, columns) * (slope or 1.0) + inter
    values = values[::-1] if affine[2, 2] > 0 else values
    values = values[:, ::-1] if affine[1, 1] > 0 else values
    return values, (abs(float(affine[2, 2])), abs(float(affine[1, 1])), abs(float(affine[0, 0])))
