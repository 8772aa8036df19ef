process DNALECT_MERGE {
    tag "$meta.id"
    label 'process_single'

    conda "${moduleDir}/../environment.yml"
    container "dnalect:0.2.0"

    input:
    // The parts of every shard, in folders of their own; the files that they were scored from.
    tuple val(meta), path(parts, stageAs: 'shard??/*'), path(variants), path(index)
    tuple val(meta2), path(reference)

    output:
    tuple val(meta), path("${prefix}"), emit: scored
    path "versions.yml"               , emit: versions

    when:
    task.ext.when == null || task.ext.when

    script:
    prefix = task.ext.prefix ?: "${meta.id}.vcf.gz"
    """
    mkdir ${prefix}.part
    cp -n shard*/${prefix}.part/* ${prefix}.part/
    dnalect merge ${prefix}.part

    cat <<-END_VERSIONS > versions.yml
    "${task.process}":
        dnalect: \$(dnalect --version | sed 's/^.* //')
    END_VERSIONS
    """

    stub:
    prefix = task.ext.prefix ?: "${meta.id}.vcf.gz"
    """
    touch ${prefix}
    echo '"${task.process}": {dnalect: stub}' > versions.yml
    """
}
